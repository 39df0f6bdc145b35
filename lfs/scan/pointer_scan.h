// The LFS files of a commit or of the staging area.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lfs/attributes/path_filter.h"
#include "lfs/git/index.h"
#include "lfs/git/repository.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::lfs {

struct BlobEntry {
  std::string path;
  GitOid oid;
  EntryKind kind = EntryKind::file;
};

struct PointerFile {
  std::string path;
  GitOid blob;
  Pointer pointer;  // of size 0 for an empty file
  bool executable = false;
};

// Every file below `tree` (no folders and submodules), sorted as git sorts paths; without the
// folders (named from the root, without '/' at the end, and their trees) for which `enters`, if
// given, is false.
Result<void> walk_tree(const Repository& repository, const GitOid& tree,
                       const std::function<Result<void>(BlobEntry)>& found,
                       const std::function<bool(const std::string&, const GitOid&)>& enters = {});

// Those of `blobs` that are pointers, in the same order; empty files count. In a partial clone,
// what is missing is fetched at once, and only where attributes say that it is an LFS file.
Result<std::vector<PointerFile>> read_pointers(const Repository& repository,
                                               std::vector<BlobEntry> blobs);

// The pointers in a tree whose path `filter` allows.
Result<std::vector<PointerFile>> pointers_in_tree(const Repository& repository, const GitOid& tree,
                                                  const PathFilter& filter);

// The pointer at `path`, or those below the folder that is there, without reading other trees than
// those on the way. Errc::not_found when there is neither.
Result<std::vector<PointerFile>> pointers_at_path(const Repository& repository, const GitOid& tree,
                                                  const std::string& path);

// The pointers in the index that go through the LFS filter, but for those outside of a sparse
// checkout.
Result<std::vector<PointerFile>> pointers_in_index(const Repository& repository,
                                                   const PathFilter& filter);

// What is no folder in `tree` (null: the empty tree), sorted by the bytes of whole paths.
Result<std::vector<BlobEntry>> files_in_tree(const Repository& repository, const GitOid* tree);

// The index compared to a tree.
struct TreeComparison {
  std::vector<BlobEntry> staged;     // files that differ from what the tree has at their path
  std::vector<BlobEntry> committed;  // the tree's
};
TreeComparison compare_index(const Index& index, std::vector<BlobEntry> committed);
Result<TreeComparison> compare_index(const Repository& repository, const Index& index,
                                     const GitOid* tree);

}  // namespace lazylfs::lfs
