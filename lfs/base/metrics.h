// Counters and latency histograms that `mounts`, the control socket and `.lazylfs/` report.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "lfs/base/json.h"

namespace lazylfs {

// Stable ids: scripts read them. Order and names are checked in metrics.cc.
enum class Counter {
  fuse_lookups,
  fuse_opens,
  fuse_reads,
  fuse_read_bytes,
  fuse_readdirs,
  fuse_errors,
  fuse_interrupts,
  passthrough_opens,
  cache_hits,    // reads answered without waiting for the network
  cache_misses,  // reads that had to wait
  cache_bytes_fetched,
  cache_evictions,
  cache_bytes_evicted,
  verified_objects,
  verified_blocks,
  verify_failures,
  http_requests,
  http_bytes_received,
  http_retries,
  http_stalls,
  batch_calls,
  batch_objects,
  auth_prompts,
  read_ahead_bytes,
  prefetch_bytes,
  deadline_expiries,
  count_,  // not a counter
};

enum class Latency {
  read_hit,
  read_miss,
  http_first_byte,
  batch_call,
  count_,  // not a histogram
};

// Power-of-two buckets of microseconds; percentiles are upper bounds of a bucket. Thread-safe.
class Histogram {
 public:
  void record(std::chrono::nanoseconds elapsed);
  std::uint64_t count() const;
  // Microseconds below which `fraction` (0 to 1) of the samples lie; 0 when there is none.
  std::uint64_t percentile_us(double fraction) const;

 private:
  std::array<std::atomic<std::uint64_t>, 40> buckets_{};
};

// Thread-safe; every add is one relaxed atomic increment.
class Metrics {
 public:
  void add(Counter counter, std::uint64_t amount = 1) {
    counters_.at(static_cast<std::size_t>(counter)).fetch_add(amount, std::memory_order_relaxed);
  }
  std::uint64_t get(Counter counter) const {
    return counters_.at(static_cast<std::size_t>(counter)).load(std::memory_order_relaxed);
  }
  void record(Latency which, std::chrono::nanoseconds elapsed) {
    latencies_.at(static_cast<std::size_t>(which)).record(elapsed);
  }
  const Histogram& latency(Latency which) const {
    return latencies_.at(static_cast<std::size_t>(which));
  }

  // {"fuse_reads": 12, …, "latency_us": {"read_hit": {"count":…, "p50":…, "p90":…, "p99":…}, …}}
  Json to_json() const;

 private:
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count_)> counters_{};
  std::array<Histogram, static_cast<std::size_t>(Latency::count_)> latencies_{};
};

}  // namespace lazylfs
