// Folders of the tree and their loaded entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fs/content_table.h"
#include "lfs/attributes/filter_attributes.h"
#include "lfs/git/repository.h"

namespace lazylfs::fs {

using FolderIndex = std::uint32_t;

// What a folder entry leads to: a content or a folder. Value, four bytes.
class EntryTarget {
 public:
  static EntryTarget content(ContentTable::Index index) { return EntryTarget(index); }
  static EntryTarget folder(FolderIndex index) { return EntryTarget(index | kFolderBit); }
  bool is_folder() const { return (bits_ & kFolderBit) != 0; }
  std::uint32_t index() const { return bits_ & ~kFolderBit; }
  bool operator==(const EntryTarget&) const = default;

 private:
  static constexpr std::uint32_t kFolderBit = 1U << 31U;
  explicit EntryTarget(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_;
};

// A loaded folder: entries sorted by the bytes of their names. What all names begin and end with
// ("part-", ".parquet") is kept once, and the rest in one pool. Immutable once shared.
class FolderEntries {
 public:
  FolderEntries() = default;
  explicit FolderEntries(const std::vector<std::string_view>& names);

  // In the order of the names that the constructor was given.
  void add(std::string_view name, EntryTarget target);

  std::size_t count() const { return entries_.size(); }
  // Replaces `name`; a caller in a loop keeps its buffer.
  void get_name(std::size_t position, std::string& name) const;
  std::string name(std::size_t position) const;
  EntryTarget target(std::size_t position) const { return entries_[position].target; }
  std::optional<EntryTarget> find(std::string_view wanted) const;
  std::size_t memory_bytes() const;

 private:
  struct Entry {
    std::uint32_t name_start;
    EntryTarget target;
  };
  std::string_view middle(std::size_t position) const {
    const std::size_t start = entries_[position].name_start;
    const std::size_t end =
        position + 1 < entries_.size() ? entries_[position + 1].name_start : middles_.size();
    return std::string_view(middles_).substr(start, end - start);
  }

  std::vector<Entry> entries_;
  std::string prefix_, middles_, suffix_;
};

// What the folders of one commit have in common. Immutable.
struct Snapshot {
  lfs::Commit commit;
  lfs::GitOid tree;                              // of the shown root
  std::string path;                              // of the shown root in the commit's tree
  std::vector<lfs::FolderFilter::Level> levels;  // the .gitattributes above the shown root
  std::uint64_t context = 0;                     // a digest of them
};

// Garbage collection's: `record` is kept for its place in the tree, not for its entries.
enum class FolderMark : std::uint8_t { none, record, full };

enum class FolderKind : std::uint8_t {
  tree,
  submodule,  // shown empty
  refs,       // ".at", or a folder of refs in it
};

// What makes a folder the one that it is.
struct FolderIdentity {
  FolderKind kind = FolderKind::tree;
  lfs::GitOid oid;  // the tree's, or the submodule's commit
  std::uint64_t parent_ino = 0;
  std::string name;
  // What else decides how the folder looks: the .gitattributes above it, or a snapshot's commit.
  std::uint64_t context = 0;
};

// Guarded by the tree's lock, but for `references`, which is atomic.
struct Folder {
  std::uint64_t ino = 0;    // 0: nobody can look it up
  std::uint64_t check = 0;  // more bits of the identity's digest, to notice equal numbers
  FolderIndex parent = 0;   // its own index when it has none
  FolderKind kind = FolderKind::tree;
  FolderMark mark = FolderMark::none;
  mutable std::atomic<std::uint32_t> references{0};
  lfs::GitOid tree;
  std::string name;
  std::shared_ptr<const Snapshot> snapshot;          // null: the parent's
  std::shared_ptr<const FolderEntries> entries;      // null: not loaded
  std::shared_ptr<const lfs::AttributeRules> rules;  // its own .gitattributes, when loaded
  std::uint64_t context = 0;                         // of its children, when loaded
};

// Thread-compatible.
class FolderTable {
 public:
  // The folder of this identity, new or known.
  FolderIndex intern(FolderIdentity identity, FolderIndex parent);
  // The root, or a folder that nobody can look up.
  FolderIndex add(std::uint64_t ino, std::uint64_t check);

  std::optional<FolderIndex> find(std::uint64_t ino) const;
  Folder& at(FolderIndex index) { return *folders_[index]; }
  const Folder& at(FolderIndex index) const { return *folders_[index]; }
  bool is_used(FolderIndex index) const { return folders_[index] != nullptr; }

  // The commit that shows the folder: its own snapshot's or the nearest above.
  const Snapshot& snapshot_of(FolderIndex index) const;
  // From its snapshot's shown root (whose path is empty), without a '/' at either end.
  std::string path_of(FolderIndex index) const;

  void erase(FolderIndex index);
  FolderIndex end() const { return static_cast<FolderIndex>(folders_.size()); }
  std::size_t count() const { return by_ino_.size(); }

 private:
  std::vector<std::unique_ptr<Folder>> folders_;
  std::vector<FolderIndex> free_;
  std::unordered_map<std::uint64_t, FolderIndex> by_ino_;
};

}  // namespace lazylfs::fs
