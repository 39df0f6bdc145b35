#include "fs/content_table.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "lfs/base/sha256.h"

namespace lazylfs::fs {

namespace {

constexpr ContentTable::Index kEmptySlot = UINT32_MAX;
constexpr std::size_t kSlotsMin = 1024;
constexpr unsigned kKindShift = 56;
constexpr std::uint64_t kLfsFlag = 1U << 3U;

std::uint64_t pack(const ContentInfo& content) {
  const std::uint64_t flags =
      static_cast<std::uint64_t>(content.kind) | (content.is_lfs ? kLfsFlag : 0U);
  return std::min(content.size, kContentSizeMax) | (flags << kKindShift);
}

std::array<std::uint32_t, 2> words_of(std::uint64_t value) {
  return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32U)};
}

std::uint64_t legal_ino(std::uint64_t value) {
  value &= ~kFolderInoBit;
  return value < 2 ? value + 2 : value;
}

}  // namespace

std::uint64_t content_ino(const ContentInfo& content, const Oid& object) {
  std::string identity(content.is_lfs ? "lfs" : "git");
  identity.push_back(static_cast<char>(content.kind));
  const auto append = [&](const auto& bytes) { identity.append(bytes.begin(), bytes.end()); };
  if (content.is_lfs) {
    append(object.bytes());
    identity.append(std::to_string(content.size));
  } else {
    append(content.blob.bytes);
  }
  const Oid digest = Sha256::of(identity);
  std::uint64_t value = 0;
  std::memcpy(&value, digest.bytes().data(), sizeof value);
  return legal_ino(value);
}

ContentTable::Index ContentTable::intern(const ContentInfo& content, std::uint64_t wanted_ino) {
  const auto packed = words_of(pack(content));
  std::uint64_t ino = wanted_ino;
  while (const auto known = find(ino)) {
    const Record& other = record(*known);
    if (other.blob == content.blob.bytes && other.size_words == packed) return *known;
    ino = legal_ino(ino + 1);
  }
  if ((count_ + 1) * 5 > slots_.size() * 4) grow_slots();
  const Index index = new_index();
  record(index) = {.blob = content.blob.bytes,
                   .references = 0,
                   .folder = kNoFolder,
                   .ino_words = words_of(ino),
                   .size_words = packed};
  place(index);
  ++count_;
  return index;
}

ContentTable::Index ContentTable::new_index() {
  if (!free_.empty()) {
    const Index index = free_.back();
    free_.pop_back();
    return index;
  }
  if (end_ % kBlockRecords == 0) blocks_.push_back(std::make_unique<Block>());
  return end_++;
}

// Numbers are uniform in 63 bits: the slot is a product's high half, so that the size of the index
// need not be a power of two.
std::size_t ContentTable::first_slot(std::uint64_t ino) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((Wide{ino << 1U} * slots_.size()) >> 64U);
}

void ContentTable::place(Index index) {
  std::size_t slot = first_slot(ino(index));
  while (slots_[slot] != kEmptySlot) slot = slot + 1 == slots_.size() ? 0 : slot + 1;
  slots_[slot] = index;
}

void ContentTable::grow_slots() {
  const std::size_t size = std::max(kSlotsMin, slots_.size() + slots_.size() / 2);
  std::vector<Index>().swap(slots_);  // the old one first: both at once would be the peak
  slots_.assign(size, kEmptySlot);
  for (Index index = 0; index < end_; ++index) {
    if (is_used(index)) place(index);
  }
}

std::optional<ContentTable::Index> ContentTable::find(std::uint64_t ino) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = first_slot(ino); slots_[slot] != kEmptySlot;
       slot = slot + 1 == slots_.size() ? 0 : slot + 1) {
    if (record(slots_[slot]).ino() == ino) return slots_[slot];
  }
  return std::nullopt;
}

ContentInfo ContentTable::info(Index index) const {
  const Record& found = record(index);
  const std::uint64_t packed = Record::join(found.size_words);
  const std::uint64_t flags = packed >> kKindShift;
  return {.blob = {found.blob},
          .size = packed & kContentSizeMax,
          .kind = static_cast<lfs::EntryKind>(flags & (kLfsFlag - 1)),
          .is_lfs = (flags & kLfsFlag) != 0};
}

void ContentTable::add_reference(Index index) const {
  std::atomic_ref(record(index).references).fetch_add(1, std::memory_order_relaxed);
}

bool ContentTable::drop_references(Index index, std::uint64_t count) const {
  const std::atomic_ref references(record(index).references);
  std::uint32_t before = references.load(std::memory_order_relaxed);
  std::uint32_t after = 0;
  do {
    after = count >= before ? 0 : before - static_cast<std::uint32_t>(count);
  } while (!references.compare_exchange_weak(before, after, std::memory_order_relaxed));
  return after != 0;
}

std::uint32_t ContentTable::references(Index index) const {
  return std::atomic_ref(record(index).references).load(std::memory_order_relaxed);
}

void ContentTable::set_folder(Index index, std::uint32_t folder) const {
  std::atomic_ref(record(index).folder).store(folder, std::memory_order_relaxed);
}

std::uint32_t ContentTable::folder(Index index) const {
  return std::atomic_ref(record(index).folder).load(std::memory_order_relaxed);
}

// Linear probing without tombstones: the entries after the hole that may move back do.
void ContentTable::erase(Index index) {
  std::size_t hole = first_slot(ino(index));
  while (slots_[hole] != index) hole = hole + 1 == slots_.size() ? 0 : hole + 1;
  const std::size_t size = slots_.size();
  for (std::size_t slot = (hole + 1) % size; slots_[slot] != kEmptySlot; slot = (slot + 1) % size) {
    const std::size_t home = first_slot(ino(slots_[slot]));
    if ((slot + size - home) % size >= (slot + size - hole) % size) {
      slots_[hole] = slots_[slot];
      hole = slot;
    }
  }
  slots_[hole] = kEmptySlot;
  record(index) = {};
  free_.push_back(index);
  --count_;
}

std::size_t ContentTable::memory_bytes() const {
  return blocks_.size() * sizeof(Block) + slots_.capacity() * sizeof(Index) +
         free_.capacity() * sizeof(Index);
}

}  // namespace lazylfs::fs
