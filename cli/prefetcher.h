// Completes many objects in the cache, several at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "cli/targets.h"

namespace lazylfs::cli {

struct PrefetchFailure {
  Target target;
  Error error;
};

struct PrefetchReport {
  std::uint64_t objects = 0, bytes = 0;  // that are complete now
  std::vector<PrefetchFailure> failures;
};

struct PrefetchProgress {
  std::uint64_t objects_done = 0, objects_total = 0;
  std::uint64_t bytes_done = 0, bytes_total = 0;
};

struct PrefetchHooks {
  // Called now and then, from the thread that prefetches.
  std::function<void(const PrefetchProgress&)> progress = [](const PrefetchProgress&) {};
  // Objects that are fetched next, so that one batch call can ask for many.
  std::function<void(const std::vector<ObjectId>&)> expect = [](const std::vector<ObjectId>&) {};
};

// Blocks until every target is complete or has failed; one failure stops no other.
PrefetchReport prefetch_objects(cache::Cache& cache, cache::Source& source,
                                const std::vector<Target>& targets, const PrefetchHooks& hooks);

}  // namespace lazylfs::cli
