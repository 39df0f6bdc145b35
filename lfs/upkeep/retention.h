// Which objects a repository wants to keep in its store: the rules of `prune`.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

struct RetentionOptions {
  bool recent = true;           // recent refs and commits; --recent and --force drop them
  bool current = true;          // what is checked out; --force drops it
  std::int64_t now = 0;         // seconds since 1970
  bool unborn_allowed = false;  // without a commit yet, only what is staged is kept
  // Commits that are in use in other ways than by a work tree (mounts): their trees are kept,
  // whatever `current` says.
  std::vector<GitOid> in_use;
};

// The objects of the trees of HEAD, of every work tree's HEAD, of recent refs, of `in_use`; of what
// recent commits replaced; of commits that the remote (lfs.pruneremotetocheck) has not got; of
// stashes; and of what is staged in any work tree. lfs.fetchexclude takes paths away from all but
// the last three, whose content may be nowhere else. Never fewer than upstream keeps.
Result<std::unordered_set<Oid>> retained_objects(const Repository& repository,
                                                 const RetentionOptions& options);

// The objects of every commit that a ref leads to.
Result<std::unordered_set<Oid>> reachable_objects(const Repository& repository);

// The remote that counts for "pushed".
std::string prune_remote(const Config& config);

}  // namespace lazylfs::lfs
