// Walking commits: what is reachable from some and not from others.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

struct CommitWalk {
  std::vector<CommitObject> commits;  // newest first
  // Commits outside of the walk that are parents of commits in it, or excluded by name: what the
  // other side is known to have.
  std::vector<GitOid> edges;
};

struct WalkOptions {
  std::vector<GitOid> include, exclude;  // commits; those that are not here are ignored
  // Commits older than this end the walk (seconds since 1970).
  std::int64_t not_before = std::numeric_limits<std::int64_t>::min();
};

// A shallow clone's boundary has no parents; parents that are missing are passed over.
Result<CommitWalk> walk_commits(const Repository& repository, const WalkOptions& options);

}  // namespace lazylfs::lfs
