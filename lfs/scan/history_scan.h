// The pointers of whole histories, and of what one side has and the other lacks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lfs/scan/pointer_scan.h"

namespace lazylfs::lfs {

struct HistoryRange {
  std::vector<GitOid> include, exclude;  // commits
};

// Every pointer blob reachable from `include` and not from `exclude`, once, with the first path
// that leads to it; newest commits first, in the order of their trees. One walk, however many
// commits are named; nothing is read where `exclude` covers `include`. Blobs that a partial clone
// has not got were not made here: they are passed over unless `fetch_missing_blobs`. `other` (may
// be empty) hears of the paths of blobs that are no pointers.
Result<void> scan_history(const Repository& repository, const HistoryRange& range,
                          bool fetch_missing_blobs,
                          const std::function<Result<void>(PointerFile)>& found,
                          const std::function<void(const std::string&)>& other = {});

// What changed in `commit` compared to its first parent; nothing for a merge.
struct PathChange {
  std::string path;
  GitOid before, after;  // zero: the file is not there
};
Result<std::vector<PathChange>> changes_of(const Repository& repository,
                                           const CommitObject& commit);
// The files in which two trees differ, by path; a zero id is the empty tree.
Result<std::vector<PathChange>> changes_between(const Repository& repository, const GitOid& before,
                                                const GitOid& after);

}  // namespace lazylfs::lfs
