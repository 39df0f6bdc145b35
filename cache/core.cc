#include "cache/core.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <latch>

#include "cache/partial_object.h"
#include "lfs/base/files.h"
#include "lfs/base/timespec.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr auto kFinishDelay = std::chrono::milliseconds(20);
constexpr auto kFlushInterval = std::chrono::seconds(2);
constexpr std::uint64_t kFloorShare = 20;  // the floor of free space is at most 1/20 of the disk
constexpr std::size_t kSyncAllFrom = 16;   // objects from which one syncfs is cheaper

}  // namespace

Core::Core(CacheOptions options, Metrics& metrics, std::unique_ptr<Index> index)
    : options_(std::move(options)),
      layout_(options_.folder),
      metrics_(metrics),
      index_(std::move(index)) {}

Core::~Core() { stop(); }

Result<std::shared_ptr<Core>> Core::open(CacheOptions options, Metrics& metrics) {
  const Layout layout(options.folder);
  TRY(layout.prepare());
  std::unique_ptr<Index> index = TRY(Index::open(layout));
  // On a small disk the usual floor could never be met.
  options.free_space_min =
      std::min(options.free_space_min, disk_size(layout.folder()).value_or(0) / kFloorShare);
  std::shared_ptr<Core> core(new Core(std::move(options), metrics, std::move(index)));
  core->total_ = core->index().total_bytes().value_or(0);
  return core;
}

// Strictly increasing, so that uses in one tick of the clock keep their order.
std::int64_t Core::now_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t ns = nanoseconds(now);
  std::int64_t last = last_ns_;
  while (!last_ns_.compare_exchange_weak(last, std::max(ns, last + 1))) {
  }
  return std::max(ns, last + 1);
}

void Core::used(const ObjectId& id, ObjectState state, std::uint64_t bytes) {
  const std::int64_t now = now_ns();
  (*dirty_.lock())[id.oid] = IndexRow{id, state, bytes, now, false};
  schedule_flush();
}

void Core::schedule_flush() {
  if (stopped_ || flush_scheduled_.exchange(true)) return;
  timer_.post_after(kFlushInterval, [this] {
    flush_scheduled_ = false;
    index_->follow_replacement();
    const Result<void> flushed = flush();
    if (!flushed) log_line(LogLevel::warning, "cache: " + flushed.error().message());
  });
}

Result<void> Core::flush() {
  std::unordered_map<Oid, IndexRow> dirty;
  std::swap(dirty, *dirty_.lock());
  std::vector<IndexRow> rows;
  rows.reserve(dirty.size());
  for (const auto& [oid, row] : dirty) rows.push_back(row);
  return index_->record(rows);
}

void Core::enqueue(std::vector<std::shared_ptr<PartialObject>> Unfinished::*list,
                   std::shared_ptr<PartialObject> object) {
  auto unfinished = unfinished_.lock();
  if (unfinished->closed) return;
  const bool idle = unfinished->complete.empty() && unfinished->changed.empty();
  ((*unfinished).*list).push_back(std::move(object));
  // A little later: many small objects then share one transaction.
  if (idle) finisher_.post_after(kFinishDelay, [this] { drain_finished(); });
}

void Core::finish(std::shared_ptr<PartialObject> object) {
  enqueue(&Unfinished::complete, std::move(object));
}

void Core::checkpoint(std::shared_ptr<PartialObject> object) {
  enqueue(&Unfinished::changed, std::move(object));
}

std::int64_t Core::take_use(const Oid& oid) {
  {
    auto dirty = dirty_.lock();
    const auto found = dirty->find(oid);
    if (found != dirty->end()) {
      const std::int64_t used_ns = found->second.last_used_ns;
      dirty->erase(found);
      return used_ns;
    }
  }
  return now_ns();
}

void Core::drain_finished() {
  Unfinished work;
  {
    auto unfinished = unfinished_.lock();
    std::swap(work.complete, unfinished->complete);
    std::swap(work.changed, unfinished->changed);
  }
  store_complete(work.complete);
  std::vector<MapFile*> maps;
  for (const auto& object : work.changed) {
    MapFile& map = object->store().map();
    if (!map.is(MapFlag::complete)) maps.push_back(&map);
  }
  const Result<void> saved = save_checkpoints(*index_, maps);
  if (!saved) log_line(LogLevel::warning, "cache: " + saved.error().message());
}

// Data before name before index: a power cut between any two steps loses at most the later ones.
void Core::store_complete(const std::vector<std::shared_ptr<PartialObject>>& objects) {
  if (objects.empty()) return;
  const int first = objects.front()->store().map().data_fd();
  const bool all_synced = objects.size() >= kSyncAllFrom && ::syncfs(first) == 0;
  std::vector<CompletedObject> complete;
  for (const auto& object : objects) {
    MapFile& map = object->store().map();
    if (!all_synced && ::fdatasync(map.data_fd()) != 0) {
      log_line(LogLevel::error,
               "cannot sync an object of the cache: errno " + std::to_string(errno));
      continue;
    }
    Result<Ledger> ledger = map.read_ledger();
    // The time of its last use, not of this; a use after the move is noted as one of a complete
    // object.
    const std::int64_t used_ns = take_use(object->id().oid);
    const Result<void> moved = map.promote(layout_);
    if (!moved) {
      log_line(LogLevel::error, "cache: " + moved.error().message());
      continue;
    }
    complete.push_back({object->id(), ledger ? std::move(*ledger) : Ledger(), used_ns});
  }
  const Result<void> recorded = index_->record_complete(complete);
  if (!recorded) log_line(LogLevel::error, "cache: " + recorded.error().message());
}

void Core::settle() {
  std::latch done(1);
  finisher_.post([this, &done] {
    drain_finished();
    done.count_down();
  });
  done.wait();
}

Core::OpenEntry Core::find_open(const Oid& oid) {
  auto registry = registry_.lock();
  const auto found = registry->find(oid);
  return found == registry->end() ? OpenEntry() : found->second;
}

Core::OpenEntry Core::register_open(const Oid& oid, const OpenEntry& entry) {
  auto registry = registry_.lock();
  // Entries of the dead are swept when the table has doubled.
  if (registry->size() >= 1024 && (registry->size() & (registry->size() - 1)) == 0) {
    std::erase_if(*registry, [](const auto& item) {
      return item.second.handle.expired() && item.second.partial.expired();
    });
  }
  OpenEntry& slot = (*registry)[oid];
  if (slot.handle.expired()) {
    slot = entry;
  } else if (slot.partial.expired()) {
    slot.partial = entry.partial;  // what a local object falls back on
  }
  return slot;
}

std::vector<std::shared_ptr<PartialObject>> Core::open_partials() {
  std::vector<std::shared_ptr<PartialObject>> open;
  auto registry = registry_.lock();
  for (const auto& [oid, entry] : *registry) {
    if (auto object = entry.partial.lock()) open.push_back(std::move(object));
  }
  return open;
}

void Core::stop() {
  if (stopped_.exchange(true)) return;
  for (const auto& object : open_partials()) object->shut_down();
  hasher_.stop();
  timer_.stop();
  settle();
  unfinished_.lock()->closed = true;
  finisher_.stop();
  const Result<void> flushed = flush();
  if (!flushed) log_line(LogLevel::warning, "cache: " + flushed.error().message());
}

Result<std::uint64_t> disk_size(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return Error::from_errno("statvfs", errno);
  return static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize;
}

Result<std::uint64_t> free_space(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return Error::from_errno("statvfs", errno);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace lazylfs::cache
