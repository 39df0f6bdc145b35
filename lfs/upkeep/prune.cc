// The store is listed first, then it is asked what is to be kept, and only then sizes and times are
// read: a file that was written, or touched because a filter found its object here, after the list
// was made stays. So a `git add` at the same time loses nothing.
#include "lfs/upkeep/prune.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/handle.h"
#include "lfs/base/timespec.h"
#include "lfs/scan/parallel.h"
#include "lfs/upkeep/object_walk.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kPerThreadMin = 256;
constexpr std::size_t kReportEvery = 64;
constexpr std::time_t kUnfinishedSeconds = 3600;
constexpr std::time_t kPartialSeconds = 7 * 24 * 3600;

// The clock that the kernel stamps files with: it lags behind the precise one.
std::int64_t file_clock_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

// "<folder>/objects/aa/bb/<oid>", made without a stream of small strings.
class ObjectPath {
 public:
  explicit ObjectPath(const ObjectStore& store) : path_(store.folder() + "/objects/") {
    prefix_ = path_.size();
  }
  const char* of(const Oid& oid) {
    const std::string hex = oid.hex();
    path_.resize(prefix_);
    path_.append(hex, 0, 2).append(1, '/').append(hex, 2, 2).append(1, '/').append(hex);
    return path_.c_str();
  }

 private:
  std::string path_;
  std::size_t prefix_ = 0;
};

bool came_later(const struct stat& status, const PrunePlan& plan) {
  // The change of the inode also tells of a rename to this place.
  return nanoseconds(status.st_ctim) >= plan.begun_ns;
}

// Removes one file that is older than `seconds` by its last change.
std::uint64_t remove_old(const std::string& path, std::time_t seconds, bool dry_run) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  if (std::time(nullptr) - status.st_mtime <= seconds) return 0;
  if (!dry_run && ::unlink(path.c_str()) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

std::uint64_t sweep_partials(const ObjectStore& store, bool dry_run) {
  constexpr std::string_view kSuffix = ".part";
  std::uint64_t freed = 0;
  const std::string folder = store.folder() + "/incomplete";
  const Handle<DIR, closedir> entries(::opendir(folder.c_str()));
  if (!entries) return 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(entries.get())) {
    std::string_view name = entry->d_name;
    if (!name.ends_with(kSuffix)) continue;
    const std::string path = folder + '/' + entry->d_name;
    name.remove_suffix(kSuffix.size());
    const Result<Oid> oid = Oid::parse(name);
    const bool done = oid && file_exists(store.object_path(*oid));
    freed += remove_old(path, done ? kUnfinishedSeconds : kPartialSeconds, dry_run);
  }
  return freed;
}

}  // namespace

Result<PrunePlan> list_prunable(const ObjectStore& store) {
  PrunePlan plan;
  plan.begun_ns = file_clock_ns();
  StoreListing listing = TRY(list_store(store.folder() + "/objects"));
  plan.local_objects = listing.objects.size();
  plan.unfinished = std::move(listing.unfinished);
  plan.prunable.reserve(listing.objects.size());
  for (const Oid& oid : listing.objects) plan.prunable.push_back({oid, 0});
  return plan;
}

void keep_retained(const ObjectStore& store, const std::unordered_set<Oid>& retained,
                   PrunePlan& plan) {
  std::erase_if(plan.prunable, [&](const ObjectId& id) { return retained.contains(id.oid); });
  std::vector<char> gone(plan.prunable.size(), 0);
  in_parallel(plan.prunable.size(), kPerThreadMin, [&](std::size_t begin, std::size_t end) {
    ObjectPath path(store);
    for (std::size_t i = begin; i < end; ++i) {
      struct stat status {};
      ObjectId& id = plan.prunable[i];
      if (::lstat(path.of(id.oid), &status) != 0 || came_later(status, plan)) {
        gone[i] = 1;
      } else {
        id.size = static_cast<std::uint64_t>(status.st_size);
      }
    }
  });
  std::size_t at = 0;
  std::erase_if(plan.prunable, [&](const ObjectId&) { return gone[at++] != 0; });
  plan.bytes = 0;
  for (const ObjectId& id : plan.prunable) plan.bytes += id.size;
}

std::vector<Error> delete_objects(const ObjectStore& store, const PrunePlan& plan,
                                  const std::function<void(std::size_t)>& progress) {
  Guarded<std::vector<Error>> errors;
  std::mutex reporting;  // held over the callback on purpose: one call at a time
  std::size_t reported = 0;
  const auto report = [&](std::size_t count) {
    if (count == 0) return;
    const std::lock_guard lock(reporting);
    reported += count;
    if (progress) progress(reported);
  };
  in_parallel(plan.prunable.size(), kPerThreadMin, [&](std::size_t begin, std::size_t end) {
    ObjectPath path(store);
    std::size_t deleted = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const char* file = path.of(plan.prunable[i].oid);
      struct stat status {};
      // A moment has passed since the sizes were read, or the server was asked meanwhile.
      if (::lstat(file, &status) != 0 || came_later(status, plan)) continue;
      if (::unlink(file) == 0 || errno == ENOENT) {
        if (++deleted % kReportEvery == 0) report(kReportEvery);
        continue;
      }
      errors.lock()->push_back(
          Error::from_errno("Failed to remove file " + std::string(file), errno));
    }
    report(deleted % kReportEvery);
  });
  return std::move(*errors.lock());
}

std::uint64_t sweep_leftovers(const ObjectStore& store, const std::vector<std::string>& unfinished,
                              bool dry_run) {
  std::uint64_t freed = 0;
  for (const std::string& path : unfinished) freed += remove_old(path, kUnfinishedSeconds, dry_run);
  freed += sweep_partials(store, dry_run);
  if (!dry_run) store.remove_stale_temporaries();
  return freed;
}

}  // namespace lazylfs::lfs
