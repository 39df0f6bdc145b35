// What every file that the tree has met is, by inode number: 44 bytes a content and about six of
// index, because a tree may have a million of them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/git/repository.h"

namespace lazylfs::fs {

// Sizes from here on cannot be stored; no file system has them.
inline constexpr std::uint64_t kContentSizeMax = (std::uint64_t{1} << 56U) - 1;

// The high bit tells folders from files.
inline constexpr std::uint64_t kFolderInoBit = std::uint64_t{1} << 63U;

// A file, executable or symlink. Value.
struct ContentInfo {
  lfs::GitOid blob;
  std::uint64_t size = 0;  // what a reader sees
  lfs::EntryKind kind = lfs::EntryKind::file;
  bool is_lfs = false;
};

// The inode number that a content would like to have: from the LFS OID or the blob, and the mode.
// Neither 0 nor 1, and without kFolderInoBit. Cryptographic, so that a hostile repository cannot
// make numbers collide by the thousand.
std::uint64_t content_ino(const ContentInfo& content, const Oid& object);

inline constexpr std::uint32_t kNoFolder = UINT32_MAX;

// Thread-compatible: const methods may run at the same time; those that count are atomic.
class ContentTable {
 public:
  using Index = std::uint32_t;

  // The content's place, new or known. `wanted_ino` is from content_ino(); when another content has
  // that number, the next free one is taken.
  Index intern(const ContentInfo& content, std::uint64_t wanted_ino);

  std::optional<Index> find(std::uint64_t ino) const;
  ContentInfo info(Index index) const;
  std::uint64_t ino(Index index) const { return record(index).ino(); }

  // Kernel references.
  void add_reference(Index index) const;
  // False when the last one went (or there was none).
  bool drop_references(Index index, std::uint64_t count) const;
  std::uint32_t references(Index index) const;

  // The folder through which it was last looked up.
  void set_folder(Index index, std::uint32_t folder) const;
  std::uint32_t folder(Index index) const;

  void erase(Index index);
  bool is_used(Index index) const { return record(index).ino() != 0; }

  std::size_t count() const { return count_; }  // contents
  Index end() const { return end_; }            // indexes are below it
  std::size_t memory_bytes() const;

 private:
  // Four-byte alignment saves four bytes; a free record has the number 0.
  struct Record {
    std::array<std::uint8_t, 20> blob{};
    mutable std::uint32_t references = 0;  // atomic, as is the next
    mutable std::uint32_t folder = kNoFolder;
    std::array<std::uint32_t, 2> ino_words{};
    std::array<std::uint32_t, 2> size_words{};  // the size below, kind and is_lfs in the top byte

    std::uint64_t ino() const { return join(ino_words); }
    static std::uint64_t join(const std::array<std::uint32_t, 2>& words) {
      return (std::uint64_t{words[1]} << 32U) | words[0];
    }
  };
  static_assert(sizeof(Record) == 44);
  static constexpr std::size_t kBlockRecords = 4096;
  using Block = std::array<Record, kBlockRecords>;

  const Record& record(Index index) const {
    return (*blocks_[index / kBlockRecords])[index % kBlockRecords];
  }
  Record& record(Index index) { return (*blocks_[index / kBlockRecords])[index % kBlockRecords]; }

  std::size_t first_slot(std::uint64_t ino) const;
  void place(Index index);
  void grow_slots();
  Index new_index();

  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Index> free_;
  std::vector<Index> slots_;  // open addressing, linear probing; kEmptySlot is free
  std::size_t count_ = 0;
  Index end_ = 0;
};

}  // namespace lazylfs::fs
