// Files with the attribute `lockable`: read-only in the work tree unless this clone locked them.
#pragma once

#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/repository.h"
#include "lfs/locks/lock_cache.h"

namespace lazylfs::lfs {

// lfs.setlockablereadonly and GIT_LFS_SET_LOCKABLE_READONLY; either can switch it off.
bool manages_write_bits(const Config& config);

// Immutable; thread-compatible. Runs git, in the work tree.
class LockableFiles {
 public:
  // `repository` must outlive it.
  explicit LockableFiles(const Repository& repository) : repository_(repository) {}

  // Whether any attributes file so much as mentions the word. Cheap beside the other calls.
  Result<bool> are_possible() const;

  // Those of `paths` (relative to the work tree) that git says are lockable.
  Result<std::vector<std::string>> among(const std::vector<std::string>& paths) const;

  // What changed between two commits, or in `to` against its parents when `from` is empty.
  Result<std::vector<std::string>> changed(const std::string& from, const std::string& to) const;
  // Tracked files; ignored ones, too, when lfs.lockignoredfiles says so.
  Result<std::vector<std::string>> all() const;

  // Makes the lockable ones of `paths` writable when `cache` has a lock of ours, else read-only.
  // Missing files are fine.
  Result<void> fix_write_bits(const std::vector<std::string>& paths, const LockCache& cache) const;

 private:
  Result<std::string> git(std::vector<std::string> arguments, std::string_view input = {}) const;
  const Repository& repository_;
};

// The owner's write bit, or none at all; Errc::not_found when there is no such regular file. A
// symbolic link is left alone: what it leads to is not ours.
Result<void> set_writable(const std::string& path, bool writable);

}  // namespace lazylfs::lfs
