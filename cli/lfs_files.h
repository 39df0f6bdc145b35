// The LFS files of a commit, found by reading its trees and the small blobs in them.
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

// Files below `folder` ("" = root) for which `wanted(path)` holds, in tree order. `folder` may also
// name one file. Asks git once for the blobs that a blobless clone lacks.
// Errc::not_found when `folder` is not in the commit.
Result<std::vector<LfsFile>> find_lfs_files(
    const lfs::Repository& repository, const lfs::Commit& commit, std::string_view folder,
    const std::function<bool(std::string_view path)>& wanted);

}  // namespace lazylfs::cli
