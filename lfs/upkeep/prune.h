// Removing objects that nobody wants from a repository's store.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

struct PrunePlan {
  std::size_t local_objects = 0;
  std::vector<ObjectId> prunable;  // sorted
  std::uint64_t bytes = 0;
  std::vector<std::string> unfinished;  // what killed processes left among the objects
  // Objects that came or were used again after this moment stay (nanoseconds since 1970).
  std::int64_t begun_ns = 0;
};

// The store as it is now, before anybody asks what is to be kept: what comes later is not in it.
Result<PrunePlan> list_prunable(const ObjectStore& store);
// Takes what is in `retained` out of the plan, and finds the sizes of the rest.
void keep_retained(const ObjectStore& store, const std::unordered_set<Oid>& retained,
                   PrunePlan& plan);

// Deletes the objects of the plan, several at a time, each in one step; `progress` hears how many
// are gone, from any thread but one call at a time. An object that was stored or used after the
// plan began stays. What could not be deleted: an error each. SIGKILL leaves the rest in place.
std::vector<Error> delete_objects(const ObjectStore& store, const PrunePlan& plan,
                                  const std::function<void(std::size_t)>& progress);

// Removes leftovers: files of unfinished writes older than an hour, temporary files, and downloads
// that nobody went on with for a week or whose object is here. Returns the bytes freed.
std::uint64_t sweep_leftovers(const ObjectStore& store, const std::vector<std::string>& unfinished,
                              bool dry_run);

}  // namespace lazylfs::lfs
