// Layout of a map file (native byte order; it never leaves the machine):
//
//   0      header (struct Header), 512 bytes reserved
//   512    presence bitmap, 64-bit words
//   L      ledger: 32 bytes a block but the last; L is the end of the bitmap rounded up to 4096
//
// Header and bitmap are allocated before they are mapped: a full disk is an error of open(), not a
// SIGBUS later. The ledger is a hole until hashing fills it.
//
// A SIGKILL loses nothing here, because a shared mapping and written file data live in the page
// cache. A power cut may keep the map's pages and lose the data's, so a map is believed only within
// the boot that wrote it; after that, the checkpoint in the index says which blocks were synced.
//
// The checkpoint in the index names the map it was taken of by a random token. Before blocks are
// punched out, the token in the map is cleared, on the disk: a checkpoint that speaks of other data
// than what lies in the file would make a hole look like content.
//
// Hash progress is wider than one atomic word, so it is kept in two slots, each with a sequence
// number and a checksum: a process that dies while saving leaves the older slot intact.
#include "cache/map_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <random>

#include "cache/file_lock.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr std::array<char, 8> kMagic = {'L', 'F', 'S', 'M', 'A', 'P', '\r', '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kBitmapOffset = 512;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kWordBits = 64;
constexpr std::uint64_t kBootIdBytes = 36;

constexpr std::uint64_t kUserLock = 1ULL << 40U;
constexpr std::uint64_t kSetupLock = kUserLock + 1;
constexpr std::uint64_t kHashLock = kUserLock + 2;
constexpr std::uint64_t kBlockLocks = 1ULL << 41U;

struct HashSlot {
  std::uint64_t sequence;
  std::uint64_t frontier;
  Sha256::State state;
  std::uint64_t checksum;
};

std::uint64_t checksum_of(const HashSlot& slot) {
  std::uint64_t sum = 0x9e3779b97f4a7c15ULL ^ slot.sequence;
  const auto mix = [&sum](std::uint64_t value) {
    sum = std::rotl((sum ^ value) * 0xff51afd7ed558ccdULL, 29);
  };
  mix(slot.frontier);
  for (std::size_t i = 0; i < slot.state.size(); i += 8) {
    std::uint64_t part = 0;
    std::memcpy(&part, slot.state.data() + i, sizeof part);
    mix(part);
  }
  return sum;
}

std::uint64_t word_count(std::uint64_t blocks) { return (blocks + kWordBits - 1) / kWordBits; }

std::uint64_t ledger_offset(std::uint64_t blocks) {
  const std::uint64_t end = kBitmapOffset + 8 * word_count(blocks);
  return (end + kPage - 1) / kPage * kPage;
}

// The bits of word `index` that belong to `span`.
std::uint64_t mask_of(const BlockSpan& span, std::uint64_t index) {
  const std::uint64_t from = index * kWordBits;
  std::uint64_t mask = ~0ULL;
  if (span.first > from) mask &= ~0ULL << (span.first - from);
  if (span.last < from + kWordBits) mask &= ~(~0ULL << (span.last - from));
  return mask;
}

}  // namespace

struct MapFile::Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t block_bytes;
  std::uint64_t size;
  std::array<std::uint8_t, Oid::kBytes> oid;
  std::array<char, 40> boot_id;
  std::atomic<std::uint32_t> flags;
  std::uint32_t unused;
  std::atomic<std::uint64_t> generation;
  std::atomic<std::uint64_t> quarantines;
  std::atomic<std::uint64_t> frontier;
  std::atomic<std::uint64_t> checkpoint_token;  // 0: there is none
  std::array<HashSlot, 2> slots;
};

const std::string& current_boot_id() {
  static const std::string id = [] {
    const Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 100);
    std::string value = text ? std::string(trim(*text)) : std::string();
    value.resize(kBootIdBytes, '?');
    return value;
  }();
  return id;
}

MapFile::MapFile(const ObjectId& id, Fd map, Fd data)
    : id_(id),
      blocks_(block_count(id.size)),
      map_(std::move(map)),
      data_(std::move(data)),
      missing_hint_(blocks_ - 1) {}

MapFile::~MapFile() {
  if (header_ != nullptr) ::munmap(header_, mapped_bytes_);
}

// Whoever removes the files holds the user lock alone: once we share it and the name still leads to
// our file, the object stays. The setup lock comes first, so that of many who open at once, the one
// who sets the map up is its only user.
Result<std::unique_ptr<MapFile>> MapFile::open(const Layout& layout, const ObjectId& id,
                                               const std::function<MapSeed()>& seed) {
  assert(id.size > 0);
  const std::string path = layout.partial_map(id.oid);
  for (;;) {
    Fd map = TRY(open_making_folders(path, O_RDWR | O_CREAT));
    TRY_CONTEXT("lock " + path, wait_for_lock(map.get(), LockKind::exclusive, {kSetupLock, 1}));
    TRY_CONTEXT("lock " + path, wait_for_lock(map.get(), LockKind::shared, {kUserLock, 1}));
    std::unique_ptr<MapFile> file(new MapFile(id, std::move(map), Fd()));
    if (!file->still_linked(path)) continue;
    file->data_ = TRY(open_making_folders(layout.partial_data(id.oid), O_RDWR | O_CREAT));
    const Result<void> ready = file->set_up(seed);
    unlock(file->map_.get(), {kSetupLock, 1});
    if (!ready) return ready.error().with_context("set up " + path);
    return file;
  }
}

Result<std::unique_ptr<MapFile>> MapFile::open_existing(const Layout& layout, const Oid& oid) {
  const std::string path = layout.partial_map(oid);
  Fd map = TRY(open_file(path, O_RDWR));
  TRY_CONTEXT("lock " + path, wait_for_lock(map.get(), LockKind::exclusive, {kSetupLock, 1}));
  TRY_CONTEXT("lock " + path, wait_for_lock(map.get(), LockKind::shared, {kUserLock, 1}));
  Fd data = TRY(open_file(layout.partial_data(oid), O_RDWR));
  std::array<std::byte, sizeof(Header)> raw{};
  if (TRY(pread_full(map.get(), raw, 0)) < raw.size()) {
    return Error(Errc::not_found, path + " is cut short");
  }
  std::uint64_t size = 0;
  std::memcpy(&size, raw.data() + offsetof(Header, size), sizeof size);
  if (size == 0) return Error(Errc::not_found, path + " is not a map");
  std::unique_ptr<MapFile> file(new MapFile(ObjectId{oid, size}, std::move(map), std::move(data)));
  if (!file->still_linked(path) || !TRY(file->header_is_ours())) {
    return Error(Errc::not_found, path + " is stale");
  }
  TRY(file->map_memory());
  unlock(file->map_.get(), {kSetupLock, 1});
  return file;
}

bool MapFile::still_linked(const std::string& path) const {
  struct stat ours {};
  struct stat named {};
  if (::fstat(map_.get(), &ours) != 0 || ::stat(path.c_str(), &named) != 0) return false;
  return ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

Result<bool> MapFile::header_is_ours() const {
  Header header{};
  auto* raw = reinterpret_cast<std::byte*>(&header);
  const std::size_t bytes = TRY(pread_full(map_.get(), std::span(raw, sizeof header), 0));
  struct stat data {};
  struct stat map {};
  if (::fstat(data_.get(), &data) != 0 || ::fstat(map_.get(), &map) != 0) {
    return Error::from_errno("stat", errno);
  }
  return bytes == sizeof header && header.magic == kMagic && header.version == kVersion &&
         header.block_bytes == kBlockBytes && header.size == id_.size &&
         header.oid == id_.oid.bytes() &&
         static_cast<std::uint64_t>(map.st_size) >= kBitmapOffset + 8 * word_count(blocks_) &&
         static_cast<std::uint64_t>(data.st_size) == id_.size &&
         std::string_view(header.boot_id.data(), kBootIdBytes) == current_boot_id();
}

Result<void> MapFile::set_up(const std::function<MapSeed()>& seed) {
  if (TRY(header_is_ours())) return map_memory();
  // The map is new, damaged, of another boot or of another size. Only the last can be in use.
  if (!try_lock_alone()) return Error(Errc::busy, "the object is open with another size");
  created_ = true;
  const Result<void> done = reset(seed());
  (void)wait_for_lock(map_.get(), LockKind::shared, {kUserLock, 1});
  return done;
}

Result<void> MapFile::map_memory() {
  mapped_bytes_ = kBitmapOffset + 8 * word_count(blocks_);
  const int rc = ::posix_fallocate(map_.get(), 0, static_cast<off_t>(mapped_bytes_));
  if (rc != 0) return Error::from_errno("allocate the map", rc);
  void* memory = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, map_.get(), 0);
  if (memory == MAP_FAILED) return Error::from_errno("map the map", errno);
  header_ = static_cast<Header*>(memory);
  bits_ = reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<std::byte*>(memory) +
                                                        kBitmapOffset);
  return {};
}

// The checkpoint token of the map that is about to be replaced.
std::uint64_t MapFile::old_token() const {
  Header header{};
  auto* raw = reinterpret_cast<std::byte*>(&header);
  const Result<std::size_t> bytes = pread_full(map_.get(), std::span(raw, sizeof header), 0);
  struct stat data {};
  const bool whole = bytes && *bytes == sizeof header && header.magic == kMagic &&
                     header.version == kVersion && header.size == id_.size &&
                     header.oid == id_.oid.bytes() && ::fstat(data_.get(), &data) == 0 &&
                     static_cast<std::uint64_t>(data.st_size) == id_.size;
  return whole ? header.checkpoint_token.load() : 0;
}

std::uint64_t MapFile::begin_checkpoint() {
  std::random_device random;
  const std::uint64_t token = (std::uint64_t{random()} << 32U | random()) | 1U;
  header_->checkpoint_token = token;
  return token;
}

bool MapFile::checkpoint_holds(std::uint64_t token) const {
  return header_->checkpoint_token == token;
}

Result<void> MapFile::sync() const {
  if (::fdatasync(data_.get()) != 0) return Error::from_errno("sync the data", errno);
  if (::fdatasync(map_.get()) != 0) return Error::from_errno("sync the map", errno);
  return {};
}

void MapFile::void_checkpoint() {
  if (header_->checkpoint_token.exchange(0) == 0) return;
  if (::msync(header_, kBitmapOffset, MS_SYNC) != 0) {
    log_line(LogLevel::warning, "cannot sync a map of the cache");
  }
}

Result<void> MapFile::reset(const MapSeed& seed) {
  static_assert(sizeof(Header) <= kBitmapOffset);
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  const std::uint64_t token = old_token();
  if (::ftruncate(map_.get(), 0) != 0) return Error::from_errno("truncate the map", errno);
  // What is in the data file counts only as far as the checkpoint goes.
  const bool keep_data = seed.bitmap.size() == 8 * word_count(blocks_) &&
                         (seed.keep_data || (token != 0 && token == seed.token));
  if (!keep_data && ::ftruncate(data_.get(), 0) != 0) {
    return Error::from_errno("truncate the data", errno);
  }
  if (::ftruncate(data_.get(), static_cast<off_t>(id_.size)) != 0) {
    return Error::from_errno("size the data", errno);
  }
  TRY(map_memory());
  if (keep_data) {
    header_->checkpoint_token = token;
    for (std::uint64_t i = 0; i < word_count(blocks_); ++i) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, seed.bitmap.data() + 8 * i, sizeof bits);
      word(i).store(bits & mask_of({0, blocks_}, i));
    }
  }
  if (blocks_ > 1 && seed.ledger.size() == blocks_ - 1) {
    TRY(write_ledger(0, seed.ledger));
    save_hash({blocks_, {}});
    set_flag(MapFlag::trusted);
  }
  header_->version = kVersion;
  header_->block_bytes = kBlockBytes;
  header_->size = id_.size;
  header_->oid = id_.oid.bytes();
  std::memcpy(header_->boot_id.data(), current_boot_id().data(), kBootIdBytes);
  header_->magic = kMagic;  // last: a header without it is made again
  return {};
}

bool MapFile::has(std::uint64_t block) const {
  return (word(block / kWordBits).load() >> (block % kWordBits) & 1U) != 0;
}

void MapFile::set(const BlockSpan& span) {
  if (span.empty()) return;
  for (std::uint64_t i = span.first / kWordBits; i <= (span.last - 1) / kWordBits; ++i) {
    word(i).fetch_or(mask_of(span, i));
  }
}

void MapFile::clear(const BlockSpan& span) {
  if (span.empty()) return;
  for (std::uint64_t i = span.first / kWordBits; i <= (span.last - 1) / kWordBits; ++i) {
    word(i).fetch_and(~mask_of(span, i));
  }
}

std::uint64_t MapFile::present_count() const {
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < word_count(blocks_); ++i) {
    count += static_cast<std::uint64_t>(std::popcount(word(i).load(std::memory_order_relaxed)));
  }
  return count;
}

std::uint64_t MapFile::find(const BlockSpan& span, bool present) const {
  if (span.empty()) return span.last;
  for (std::uint64_t i = span.first / kWordBits; i <= (span.last - 1) / kWordBits; ++i) {
    const std::uint64_t bits = present ? word(i).load() : ~word(i).load();
    const std::uint64_t hits = bits & mask_of(span, i);
    if (hits != 0) return i * kWordBits + static_cast<std::uint64_t>(std::countr_zero(hits));
  }
  return span.last;
}

bool MapFile::lacks_a_block() const {
  const std::uint64_t from = frontier();
  const std::uint64_t hint = missing_hint_.load(std::memory_order_relaxed);
  if (hint >= from && hint < blocks_ && !has(hint)) return true;
  const std::uint64_t missing = find({from, blocks_}, false);
  if (missing == blocks_) return false;
  missing_hint_.store(missing, std::memory_order_relaxed);
  return true;
}

std::string MapFile::bitmap() const {
  std::string copy(8 * word_count(blocks_), '\0');
  for (std::uint64_t i = 0; i < word_count(blocks_); ++i) {
    const std::uint64_t bits = word(i).load();
    std::memcpy(copy.data() + 8 * i, &bits, sizeof bits);
  }
  return copy;
}

bool MapFile::is(MapFlag flag) const {
  return (header_->flags.load() & static_cast<std::uint32_t>(flag)) != 0;
}
void MapFile::set_flag(MapFlag flag) { header_->flags |= static_cast<std::uint32_t>(flag); }
void MapFile::clear_flag(MapFlag flag) { header_->flags &= ~static_cast<std::uint32_t>(flag); }
std::uint64_t MapFile::generation() const { return header_->generation.load(); }
void MapFile::bump_generation() { header_->generation.fetch_add(1); }
std::uint64_t MapFile::quarantines() const { return header_->quarantines.load(); }
void MapFile::bump_quarantines() { header_->quarantines.fetch_add(1); }
std::uint64_t MapFile::frontier() const { return header_->frontier.load(); }

HashProgress MapFile::load_hash() const {
  HashProgress best;
  std::uint64_t newest = 0;
  for (const HashSlot& slot : header_->slots) {
    if (slot.sequence <= newest || slot.checksum != checksum_of(slot)) continue;
    newest = slot.sequence;
    best = {slot.frontier, slot.state};
  }
  if (best.frontier == 0) best.state = Sha256().state();
  return best;
}

void MapFile::save_hash(const HashProgress& progress) {
  auto& slots = header_->slots;
  const std::size_t older = slots[0].sequence <= slots[1].sequence ? 0 : 1;
  HashSlot slot{};
  slot.sequence = slots.at(1 - older).sequence + 1;
  slot.frontier = progress.frontier;
  slot.state = progress.state;
  slot.checksum = checksum_of(slot);
  slots.at(older) = slot;
  header_->frontier.store(progress.frontier);
}

Result<void> MapFile::write_ledger(std::uint64_t first, std::span<const Sha256::State> states) {
  return pwrite_all(map_.get(), std::as_bytes(states),
                    ledger_offset(blocks_) + first * sizeof(Sha256::State));
}

Result<Ledger> MapFile::read_ledger() const {
  Ledger ledger(blocks_ - 1);
  const auto into = std::as_writable_bytes(std::span(ledger));
  if (TRY(pread_full(map_.get(), into, ledger_offset(blocks_))) < into.size()) {
    return Error(Errc::corrupt, "the ledger is cut short");
  }
  return ledger;
}

Result<std::optional<Sha256::State>> MapFile::state_after(std::uint64_t block) const {
  if (block + 1 >= blocks_) return std::optional<Sha256::State>();
  Sha256::State state{};
  const auto into = std::as_writable_bytes(std::span(&state, 1));
  const std::uint64_t at = ledger_offset(blocks_) + block * sizeof state;
  if (TRY(pread_full(map_.get(), into, at)) < into.size()) {
    return Error(Errc::corrupt, "the ledger is cut short");
  }
  return std::optional(state);
}

BlockSpan MapFile::try_lock_blocks(const BlockSpan& span) {
  BlockSpan wanted = span;
  while (!wanted.empty()) {
    const LockRange range{kBlockLocks + wanted.first, wanted.count()};
    if (try_lock(map_.get(), LockKind::exclusive, range)) return wanted;
    const std::uint64_t conflict = first_conflict(map_.get(), range);
    if (conflict >= range.first + range.count) continue;  // gone meanwhile
    wanted.last = conflict <= range.first ? wanted.first : conflict - kBlockLocks;
  }
  return {span.first, span.first};
}

void MapFile::unlock_blocks(const BlockSpan& span) {
  if (!span.empty()) unlock(map_.get(), {kBlockLocks + span.first, span.count()});
}

bool MapFile::try_lock_hash() { return try_lock(map_.get(), LockKind::exclusive, {kHashLock, 1}); }
void MapFile::unlock_hash() { unlock(map_.get(), {kHashLock, 1}); }
bool MapFile::try_lock_alone() { return try_lock(map_.get(), LockKind::exclusive, {kUserLock, 1}); }

void MapFile::remove_files(const Layout& layout) {
  remove_file(layout.partial_data(id_.oid));
  remove_file(layout.partial_map(id_.oid));
}

// The setup lock keeps openers out between the two steps. A map that is still linked is the one
// beside the data file, for we share its user lock and so nobody else could replace it.
Result<void> MapFile::promote(const Layout& layout) {
  TRY(wait_for_lock(map_.get(), LockKind::exclusive, {kSetupLock, 1}));
  const auto move = [&]() -> Result<void> {
    if (!still_linked(layout.partial_map(id_.oid))) return {};
    const std::string object = layout.object(id_.oid);
    TRY(make_folders(parent_path(object), 0700));
    if (std::rename(layout.partial_data(id_.oid).c_str(), object.c_str()) != 0) {
      return Error::from_errno("rename to " + object, errno);
    }
    remove_file(layout.partial_map(id_.oid));
    return {};
  };
  const Result<void> moved = move();
  unlock(map_.get(), {kSetupLock, 1});
  return moved;
}

}  // namespace lazylfs::cache
