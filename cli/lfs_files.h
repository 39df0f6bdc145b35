// The LFS files of a commit.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::cli {

struct LfsFile {
  std::string path;  // from the commit's root
  ObjectId id;
};

// The LFS files below the folder `path` ("" = root) for which `wanted` holds; or the file `path`.
// Errc::not_found when `path` is not in the commit.
Result<std::vector<LfsFile>> find_lfs_files(
    const lfs::Repository& repository, const lfs::Commit& commit, std::string_view path,
    const std::function<bool(std::string_view path)>& wanted);

}  // namespace lazylfs::cli
