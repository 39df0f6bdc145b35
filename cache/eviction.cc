// Making room: the least recently used goes first, whole objects before parts of open ones.
//
// The total is the index's, as of the last look, plus what landed here since. Other processes'
// buffered bytes are not seen: each may overshoot the limit by what it lands within one flush
// interval, or by its slack, whichever is less, because passing the limit by its own count makes it
// look again.
#include <algorithm>

#include "cache/core.h"
#include "cache/partial_object.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr std::uint64_t kFreeSpaceCheckBytes = 16U << 20U;
constexpr std::uint64_t kSlackMax = 64U << 20U;
constexpr std::uint64_t kOvershootMin = 8U << 20U;
constexpr std::size_t kVictimsAtOnce = 256;

}  // namespace

Result<void> Core::admit(std::uint64_t bytes) {
  const std::uint64_t landed = unflushed_.fetch_add(bytes) + bytes;
  const bool over = options_.size_max != 0 && total_ + landed > options_.size_max;
  const std::uint64_t unchecked = unchecked_.fetch_add(bytes);
  const bool check = unchecked == 0 || unchecked + bytes > kFreeSpaceCheckBytes;
  bool short_of_space = false;
  if (check) {
    unchecked_ = 1;
    short_of_space =
        free_space(layout_.folder()).value_or(options_.free_space_min) < options_.free_space_min;
  }
  if (!over && !short_of_space) return {};
  TRY(shrink(bytes, nullptr, false));
  if (short_of_space) {
    unchecked_ = 0;
    if (free_space(layout_.folder()).value_or(options_.free_space_min) < options_.free_space_min) {
      return Error(Errc::no_space, "the cache's disk is short of space and nothing can be evicted");
    }
  }
  const std::uint64_t overshoot = std::max(options_.size_max / 4, kOvershootMin);
  if (options_.size_max != 0 && total_ + unflushed_ > options_.size_max + overshoot) {
    return Error(Errc::no_space, "the cache is full and nothing can be evicted");
  }
  return {};
}

bool Core::relieve(std::uint64_t bytes) {
  const std::lock_guard lock(making_room_);
  (void)flush();
  const std::uint64_t wanted = bytes + kBlockBytes * 16;
  std::uint64_t freed = evict_closed(wanted, nullptr, false);
  if (freed < bytes) {
    settle();  // objects that were closed a moment ago are in use until they are stored
    freed += evict_closed(wanted - freed, nullptr, false);
  }
  if (freed < bytes) freed += punch_open(wanted - freed);
  return freed >= bytes;
}

Result<std::uint64_t> Core::shrink(std::uint64_t incoming, std::vector<Oid>* removed,
                                   bool dry_run) {
  const std::lock_guard lock(making_room_);
  const Result<void> flushed = flush();
  if (!flushed) log_line(LogLevel::warning, "cache: " + flushed.error().message());
  const Result<std::uint64_t> total = index_->total_bytes();
  if (!total) {
    log_line(LogLevel::warning, "cache: " + total.error().message());
    return std::uint64_t{0};
  }
  total_ = *total;
  unflushed_ = incoming;
  std::uint64_t wanted = 0;
  if (options_.size_max != 0 && *total + incoming > options_.size_max) {
    const std::uint64_t slack = incoming == 0 ? 0 : std::min(options_.size_max / 16, kSlackMax);
    wanted = *total + incoming - (options_.size_max - slack);
  }
  const std::uint64_t space = free_space(layout_.folder()).value_or(options_.free_space_min);
  if (space < options_.free_space_min) wanted = std::max(wanted, options_.free_space_min - space);
  if (wanted == 0) return std::uint64_t{0};
  std::uint64_t freed = evict_closed(wanted, removed, dry_run);
  if (freed < wanted && !dry_run) {
    settle();  // objects that were closed a moment ago are in use until they are stored
    freed += evict_closed(wanted - freed, removed, dry_run);
  }
  if (freed < wanted && !dry_run) freed += punch_open(wanted - freed);
  if (!dry_run) {
    (void)flush();
    total_ = index_->total_bytes().value_or(total_.load());
  }
  return freed;
}

std::uint64_t Core::evict_closed(std::uint64_t wanted, std::vector<Oid>* removed, bool dry_run) {
  std::uint64_t freed = 0;
  std::unordered_set<Oid> seen;
  for (std::size_t count = kVictimsAtOnce; freed < wanted; count *= 2) {
    const Result<std::vector<IndexRow>> rows = index_->victims(count);
    if (!rows) {
      log_line(LogLevel::warning, "cache: " + rows.error().message());
      return freed;
    }
    const std::size_t before = seen.size();
    for (const IndexRow& row : *rows) {
      if (freed >= wanted) break;
      if (!seen.insert(row.id.oid).second) continue;
      if (!find_open(row.id.oid).partial.expired()) continue;  // in use by ourselves
      const Result<std::uint64_t> bytes = dry_run ? Result(row.bytes) : remove(row);
      if (!bytes || *bytes == 0) continue;
      freed += *bytes;
      if (removed != nullptr) removed->push_back(row.id.oid);
    }
    if (seen.size() == before) break;
  }
  return freed;
}

// Objects that are being read: those used longest ago lose their coldest blocks first.
std::uint64_t Core::punch_open(std::uint64_t wanted) {
  std::uint64_t freed = 0;
  const Result<std::vector<IndexRow>> rows = index_->victims(kVictimsAtOnce);
  if (!rows) return 0;
  for (const IndexRow& row : *rows) {
    if (freed >= wanted) break;
    const std::shared_ptr<PartialObject> object = find_open(row.id.oid).partial.lock();
    if (!object) continue;
    const std::uint64_t bytes = object->punch_cold(wanted - freed);
    if (bytes == 0) continue;
    freed += bytes;
    metrics_.add(Counter::cache_bytes_evicted, bytes);
    (*dirty_.lock())[row.id.oid] =
        IndexRow{row.id, ObjectState::partial, object->cached_bytes(), row.last_used_ns, false};
  }
  return freed < wanted ? freed + punch_unlisted(wanted - freed) : freed;
}

// On a full disk the index cannot be written either, and does not know what was opened since.
std::uint64_t Core::punch_unlisted(std::uint64_t wanted) {
  std::vector<std::shared_ptr<PartialObject>> objects;
  {
    auto registry = registry_.lock();
    for (const auto& [oid, entry] : *registry) {
      if (auto object = entry.partial.lock()) objects.push_back(std::move(object));
    }
  }
  std::uint64_t freed = 0;
  for (const auto& object : objects) {
    if (freed >= wanted) break;
    freed += object->punch_cold(wanted - freed);
  }
  metrics_.add(Counter::cache_bytes_evicted, freed);
  return freed;
}

Result<std::uint64_t> Core::remove(const IndexRow& row) {
  const Oid& oid = row.id.oid;
  const bool complete = remove_file(layout_.object(oid));
  std::uint64_t freed = complete ? row.bytes : 0;
  Result<std::unique_ptr<MapFile>> map = MapFile::open_existing(layout_, oid);
  if (map) {
    if (!(*map)->try_lock_alone()) return freed;
    freed = std::max(freed, std::min((*map)->present_count() * kBlockBytes, (*map)->id().size));
    (*map)->remove_files(layout_);
  } else if (map.error().code() == Errc::not_found) {
    // No map that can be trusted. Making a fresh one finds out whether it is in use, and empties
    // it.
    if (file_exists(layout_.partial_data(oid)) && row.id.size > 0) {
      auto fresh = MapFile::open(layout_, row.id, [] { return MapSeed(); });
      if (!fresh || !(*fresh)->try_lock_alone()) return freed;
      freed = std::max(freed, row.bytes);
      (*fresh)->remove_files(layout_);
    }
  }
  dirty_.lock()->erase(oid);
  TRY(index_->forget(oid));
  if (freed > 0) {
    metrics_.add(Counter::cache_evictions);
    metrics_.add(Counter::cache_bytes_evicted, freed);
  }
  return freed;
}

}  // namespace lazylfs::cache
