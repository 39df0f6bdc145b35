// What is staged and what is changed in the work tree: for `status`.
#pragma once

#include <string>
#include <vector>

#include "lfs/git/index.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// One line of `git diff-index -M`.
struct IndexChange {
  char status = 'M';   // A, C, D, M, R, T, U
  GitOid from, to;     // zero: no blob, or the work tree's file
  std::string source;  // the path
  std::string target;  // where it went (R, C), else empty

  bool operator==(const IndexChange&) const = default;
};

struct WorkTreeChanges {
  std::vector<IndexChange> staged;    // the index compared to the tree
  std::vector<IndexChange> unstaged;  // the work tree compared to the tree, without the above
};

// `tree`: what HEAD has, null before the first commit. Git is asked only where the index differs
// from the tree or a file from what the index remembers of it.
Result<WorkTreeChanges> work_tree_changes(const Repository& repository, const GitOid* tree);

}  // namespace lazylfs::lfs
