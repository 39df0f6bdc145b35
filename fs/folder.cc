#include "fs/folder.h"

#include <cstring>
#include <utility>

#include "lfs/base/sha256.h"

namespace lazylfs::fs {

namespace {

template <typename T>
void append_bytes(std::string& text, const T& value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Two numbers from the identity's digest.
std::pair<std::uint64_t, std::uint64_t> digest_of(const FolderIdentity& identity) {
  std::string text = "folder";
  text.push_back(static_cast<char>(identity.kind));
  text.append(identity.oid.bytes.begin(), identity.oid.bytes.end());
  append_bytes(text, identity.parent_ino);
  append_bytes(text, identity.context);
  text.append(identity.name);
  const Oid digest = Sha256::of(text);
  std::pair<std::uint64_t, std::uint64_t> numbers;
  std::memcpy(&numbers.first, digest.bytes().data(), sizeof numbers.first);
  std::memcpy(&numbers.second, digest.bytes().data() + sizeof numbers.first, sizeof numbers.second);
  return numbers;
}

}  // namespace

void FolderEntries::reserve(std::size_t count, std::size_t name_bytes) {
  entries_.reserve(count);
  names_.reserve(name_bytes);
}

void FolderEntries::add(std::string_view name, EntryTarget target) {
  entries_.push_back({static_cast<std::uint32_t>(names_.size()), target});
  names_.append(name);
}

std::optional<EntryTarget> FolderEntries::find(std::string_view wanted) const {
  std::size_t low = 0;
  std::size_t high = count();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const int order = name(middle).compare(wanted);
    if (order == 0) return target(middle);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

std::size_t FolderEntries::memory_bytes() const {
  return sizeof *this + entries_.capacity() * sizeof(Entry) + names_.capacity();
}

FolderIndex FolderTable::intern(FolderIdentity identity, FolderIndex parent) {
  const auto [number, check] = digest_of(identity);
  std::uint64_t ino = number | kFolderInoBit;
  while (const auto known = find(ino)) {
    if (at(*known).check == check) return *known;
    ino = (ino + 1) | kFolderInoBit;
  }
  const FolderIndex index = add(ino, check);
  Folder& folder = at(index);
  folder.parent = parent;
  folder.kind = identity.kind;
  folder.tree = identity.oid;
  folder.name = std::move(identity.name);
  return index;
}

FolderIndex FolderTable::add(std::uint64_t ino, std::uint64_t check) {
  FolderIndex index = end();
  if (free_.empty()) {
    folders_.push_back(std::make_unique<Folder>());
  } else {
    index = free_.back();
    free_.pop_back();
    folders_[index] = std::make_unique<Folder>();
  }
  Folder& folder = at(index);
  folder.ino = ino;
  folder.check = check;
  folder.parent = index;
  if (ino != 0) by_ino_.emplace(ino, index);
  return index;
}

std::optional<FolderIndex> FolderTable::find(std::uint64_t ino) const {
  const auto found = by_ino_.find(ino);
  if (found == by_ino_.end()) return std::nullopt;
  return found->second;
}

const Snapshot& FolderTable::snapshot_of(FolderIndex index) const {
  while (at(index).snapshot == nullptr) index = at(index).parent;
  return *at(index).snapshot;
}

std::string FolderTable::path_of(FolderIndex index) const {
  std::string path;
  while (at(index).snapshot == nullptr) {
    path = path.empty() ? at(index).name : at(index).name + "/" + path;
    index = at(index).parent;
  }
  return path;
}

void FolderTable::erase(FolderIndex index) {
  if (at(index).ino != 0) by_ino_.erase(at(index).ino);
  folders_[index] = nullptr;
  free_.push_back(index);
}

}  // namespace lazylfs::fs
