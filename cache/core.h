// What the objects of one cache share: options, index, threads, the register of open objects, and
// the making of room.
//
// Lock order: Core's registry, making_room and dirty are taken with no other lock of the cache
// held, except that making_room is held while the registry, dirty and the index are used.
// PartialObject's mutex and the index's are leaves. BlockStore's hash mutex is held over file I/O,
// and over nothing that takes a lock.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cache/cache.h"
#include "cache/index.h"
#include "cache/layout.h"
#include "cache/task_thread.h"
#include "lfs/base/guarded.h"

namespace lazylfs::cache {

class PartialObject;

// Thread-safe. Shared, because fetches that end late hold on to their object, and it to this.
class Core : public std::enable_shared_from_this<Core> {
 public:
  static Result<std::shared_ptr<Core>> open(CacheOptions options, Metrics& metrics);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  const CacheOptions& options() const { return options_; }
  const Layout& layout() const { return layout_; }
  Metrics& metrics() { return metrics_; }
  Index& index() { return *index_; }
  TaskThread& hasher() { return hasher_; }
  TaskThread& timer() { return timer_; }

  // Notes that an object was used, and how much of it is here. Written a little later, together.
  void used(const ObjectId& id, ObjectState state, std::uint64_t bytes);
  Result<void> flush();

  // `bytes` are about to be written: makes room when a limit would be passed.
  Result<void> admit(std::uint64_t bytes);
  // The disk is full: frees what it can, at least `bytes` when true.
  bool relieve(std::uint64_t bytes);
  // Evicts until the limits hold; with `removed`, says what. A dry run only says.
  Result<std::uint64_t> shrink(std::uint64_t incoming, std::vector<Oid>* removed, bool dry_run);
  // Removes the object's bytes; how many. 0 when it is in use and nothing could be freed.
  Result<std::uint64_t> remove(const IndexRow& row);

  // In the background: syncs and moves a complete object, or syncs and notes what is here.
  void finish(std::shared_ptr<PartialObject> object);
  void checkpoint(std::shared_ptr<PartialObject> object);
  // Waits until all that is done.
  void settle();

  struct OpenEntry {
    std::weak_ptr<Object> handle;
    std::weak_ptr<PartialObject> partial;  // may outlive the handle
  };
  OpenEntry find_open(const Oid& oid);
  // The entry that is registered when done: `entry`, or an older one whose handle lives.
  OpenEntry register_open(const Oid& oid, const OpenEntry& entry);
  std::vector<std::shared_ptr<PartialObject>> open_partials();

  // Ends all fetches and threads and writes what is buffered.
  void stop();

 private:
  struct Unfinished {
    std::vector<std::shared_ptr<PartialObject>> complete, changed;
    bool closed = false;  // at the end: objects hold this, so this must not hold objects
  };

  Core(CacheOptions options, Metrics& metrics, std::unique_ptr<Index> index);
  void schedule_flush();
  void drain_finished();
  void store_complete(const std::vector<std::shared_ptr<PartialObject>>& objects);
  void enqueue(std::vector<std::shared_ptr<PartialObject>> Unfinished::*list,
               std::shared_ptr<PartialObject> object);
  std::uint64_t evict_closed(std::uint64_t wanted, std::vector<Oid>* removed, bool dry_run);
  std::uint64_t punch_open(std::uint64_t wanted);
  std::uint64_t punch_unlisted(std::uint64_t wanted);
  std::int64_t now_ns();
  std::int64_t take_use(const Oid& oid);

  const CacheOptions options_;
  const Layout layout_;
  Metrics& metrics_;
  std::unique_ptr<Index> index_;

  Guarded<std::unordered_map<Oid, IndexRow>> dirty_;
  std::atomic<bool> flush_scheduled_{false};
  std::atomic<std::int64_t> last_ns_{0};
  Guarded<std::unordered_map<Oid, OpenEntry>> registry_;

  std::mutex making_room_;
  std::atomic<std::uint64_t> total_{0};      // of the index, when last looked at
  std::atomic<std::uint64_t> unflushed_{0};  // landed since then
  std::atomic<std::uint64_t> unchecked_{0};  // landed since the free space was looked at

  Guarded<Unfinished> unfinished_;
  std::atomic<bool> stopped_{false};

  TaskThread hasher_, finisher_, timer_;
};

// The whole and the free space (for an ordinary user) of the file system of `folder`, in bytes.
Result<std::uint64_t> disk_size(const std::string& folder);
Result<std::uint64_t> free_space(const std::string& folder);

}  // namespace lazylfs::cache
