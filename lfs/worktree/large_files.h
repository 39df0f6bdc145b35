// Files of the work tree that are large and not stored in LFS.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

struct LargeFile {
  std::string path;  // from the root of the work tree
  std::uint64_t size = 0;
};

// The regular files below `folder` ("" or "a/b/") of at least `bytes_min` bytes that git tracks or
// would add, in git's order, without those that pass through the filter "lfs" and those that git
// and LFS read themselves (".git…", ".lfs…"). Two processes of git.
Result<std::vector<LargeFile>> large_files_outside_lfs(const Repository& repository,
                                                       const std::string& folder,
                                                       std::uint64_t bytes_min);

// The pattern of a .gitattributes file that matches the file `path` (relative to that file's
// folder) and nothing else.
std::string attribute_pattern_of_file(const std::string& path);

}  // namespace lazylfs::lfs
