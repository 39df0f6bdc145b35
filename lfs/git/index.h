// The staging area: which blob each path has there, and what its file was like then.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// What the file looked like when the entry was written; a difference means "look closer".
struct FileStamp {
  std::int64_t mtime_ns = 0, ctime_ns = 0;
  std::uint32_t inode = 0, user = 0, group = 0, size = 0;  // truncated to 32 bits, as stored
};

struct IndexEntry {
  std::string path;
  GitOid oid;
  std::uint32_t mode = 0;  // 0100644, 0100755, 0120000 or 0160000
  std::uint8_t stage = 0;  // 1 to 3: base, ours, theirs of a merge that is not resolved
  bool skip_worktree = false, intent_to_add = false, assume_valid = false;
  FileStamp stamp;
};

// Immutable value. Sorted by path, then stage.
struct Index {
  std::vector<IndexEntry> entries;
  std::int64_t written_ns = 0;  // when the file was written
  bool has_stamps = true;       // false where only git could read it (split or sparse)

  const IndexEntry* find(std::string_view path, std::uint8_t stage = 0) const;
};

enum class FileState { unchanged, changed, unknown };

// Whether the file `status` is still what `entry` describes. `unknown`: it was written in the very
// moment in which the index was, or carries a stamp of its own, and has to be read.
FileState compare_stamp(const Index& index, const IndexEntry& entry, const struct stat& status);

}  // namespace lazylfs::lfs
