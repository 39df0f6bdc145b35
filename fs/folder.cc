#include "fs/folder.h"

#include <algorithm>
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

FolderEntries::FolderEntries(const std::vector<std::string_view>& names) {
  entries_.reserve(names.size());
  if (names.size() < 2) return;
  std::size_t bytes = 0;
  std::size_t shortest = names.front().size();
  std::size_t prefix = shortest;
  std::size_t suffix = shortest;
  const std::string_view first = names.front();
  for (const std::string_view name : names) {
    bytes += name.size();
    shortest = std::min(shortest, name.size());
    const auto differ = std::ranges::mismatch(first.substr(0, prefix), name);
    prefix = static_cast<std::size_t>(differ.in1 - first.begin());
    const auto from_end = std::mismatch(
        first.rbegin(), first.rbegin() + static_cast<std::ptrdiff_t>(std::min(suffix, name.size())),
        name.rbegin());
    suffix = static_cast<std::size_t>(from_end.first - first.rbegin());
  }
  suffix = std::min(suffix, shortest - prefix);
  prefix_ = first.substr(0, prefix);
  suffix_ = first.substr(first.size() - suffix);
  middles_.reserve(bytes - names.size() * (prefix + suffix));
}

void FolderEntries::add(std::string_view name, EntryTarget target) {
  entries_.push_back({static_cast<std::uint32_t>(middles_.size()), target});
  middles_.append(name.substr(prefix_.size(), name.size() - prefix_.size() - suffix_.size()));
}

void FolderEntries::get_name(std::size_t position, std::string& name) const {
  name = prefix_;
  name.append(middle(position)).append(suffix_);
}

std::string FolderEntries::name(std::size_t position) const {
  std::string name;
  get_name(position, name);
  return name;
}

// The order is that of whole names: "a.x" comes before "a-b.x" by the middles alone, and after it
// with the suffix.
std::optional<EntryTarget> FolderEntries::find(std::string_view wanted) const {
  if (!wanted.starts_with(prefix_)) return std::nullopt;
  wanted.remove_prefix(prefix_.size());
  const auto compare = [&](std::size_t position) {
    const std::string_view own = middle(position);
    const int order = own.compare(wanted.substr(0, own.size()));
    return order != 0 ? order : suffix_.compare(wanted.substr(own.size()));
  };
  std::size_t low = 0;
  std::size_t high = count();
  while (low < high) {
    const std::size_t position = low + (high - low) / 2;
    const int order = compare(position);
    if (order == 0) return target(position);
    if (order < 0) {
      low = position + 1;
    } else {
      high = position;
    }
  }
  return std::nullopt;
}

std::size_t FolderEntries::memory_bytes() const {
  return sizeof *this + entries_.capacity() * sizeof(Entry) + middles_.capacity();
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
    std::string below = std::move(path);
    path = at(index).name;
    if (!below.empty()) path.append("/").append(below);
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
