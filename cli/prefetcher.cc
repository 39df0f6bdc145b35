// A read of a whole object completes it, verification included, so prefetching is a window of such
// reads. The window bounds open files and the work of the cache, not the connections: those have
// their own limit in the HTTP engine.
#include "cli/prefetcher.h"

#include <algorithm>
#include <condition_variable>
#include <memory>

#include "lfs/base/guarded.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kObjectsInFlightMax = 32;
constexpr std::size_t kAnnouncedAhead = 100;
constexpr std::chrono::milliseconds kProgressInterval{200};

// What the reads' callbacks report to the thread that waits. Shared with the callbacks, the last of
// which may still be returning when the waiting thread has seen its result.
struct Reports {
  struct Finished {
    std::size_t index;
    Result<void> result;
  };
  Guarded<std::vector<Finished>> finished;
  std::condition_variable changed;
};

struct Read {
  std::size_t index;
  std::shared_ptr<cache::Object> object;
  std::shared_ptr<cache::PendingRead> pending;
};

class Prefetcher {
 public:
  Prefetcher(cache::Cache& cache, cache::Source& source, const std::vector<Target>& targets)
      : cache_(cache), source_(source), targets_(targets), reports_(std::make_shared<Reports>()) {}

  PrefetchReport run(const PrefetchHooks& hooks) {
    std::size_t next = 0;
    while (next < targets_.size() || !reads_.empty()) {
      while (next < targets_.size() && reads_.size() < kObjectsInFlightMax) {
        if (next >= announced_) announce(hooks);
        start(next++);
      }
      if (!reads_.empty()) take_finished();
      hooks.progress(now());
    }
    return std::move(report_);
  }

 private:
  void announce(const PrefetchHooks& hooks) {
    std::vector<ObjectId> ids;
    while (announced_ < targets_.size() && ids.size() < kAnnouncedAhead) {
      ids.push_back(targets_[announced_++].id);
    }
    hooks.expect(ids);
  }

  void start(std::size_t index) {
    const ObjectId& id = targets_[index].id;
    auto object = cache_.open_object(id, source_);
    if (!object) return fail(index, object.error());
    // The read must be listed before it can finish.
    reads_.push_back({index, *object, nullptr});
    auto pending =
        (*object)->read_when_ready({0, id.size}, [reports = reports_, index](Result<void> result) {
          reports->finished.lock()->push_back({index, std::move(result)});
          reports->changed.notify_one();
        });
    reads_.back().pending = std::move(pending);
  }

  // Waits for a while, then retires the reads that have ended.
  void take_finished() {
    std::vector<Reports::Finished> finished;
    {
      auto lock = reports_->finished.lock();
      if (lock->empty()) reports_->changed.wait_for(lock.mutex_lock(), kProgressInterval);
      finished.swap(*lock);
    }
    for (const Reports::Finished& done : finished) {
      std::erase_if(reads_, [&](const Read& read) { return read.index == done.index; });
      if (!done.result) {
        fail(done.index, done.result.error());
        continue;
      }
      ++report_.objects;
      report_.bytes += targets_[done.index].id.size;
    }
  }

  void fail(std::size_t index, const Error& error) {
    report_.failures.push_back({targets_[index], error});
  }

  PrefetchProgress now() const {
    PrefetchProgress progress;
    progress.objects_total = targets_.size();
    for (const Target& target : targets_) progress.bytes_total += target.id.size;
    progress.objects_done = report_.objects + report_.failures.size();
    progress.bytes_done = report_.bytes;
    for (const Read& read : reads_) progress.bytes_done += read.object->cached_bytes();
    progress.bytes_done = std::min(progress.bytes_done, progress.bytes_total);
    return progress;
  }

  cache::Cache& cache_;
  cache::Source& source_;
  const std::vector<Target>& targets_;
  std::shared_ptr<Reports> reports_;
  std::vector<Read> reads_;
  std::size_t announced_ = 0;  // of targets_, from the front
  PrefetchReport report_;
};

}  // namespace

PrefetchReport prefetch_objects(cache::Cache& cache, cache::Source& source,
                                const std::vector<Target>& targets, const PrefetchHooks& hooks) {
  return Prefetcher(cache, source, targets).run(hooks);
}

}  // namespace lazylfs::cli
