// Names of commits. Private to lfs/git. Not thread-safe: the caller holds the repository.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/git/libgit2.h"

namespace lazylfs::lfs {

Result<Commit> find_commit(git_repository* repository, std::string_view revision);
// Errc::corrupt when `data` is no commit object.
Result<CommitObject> parse_commit(const GitOid& oid, std::string_view data);
// Heads, tags and remotes; with `others` all below refs/.
std::vector<RefName> list_refs(git_repository* repository, bool others);
std::string head_branch(git_repository* repository);

// The name in `names` that a person who typed `wanted` may have meant; empty when none is near.
std::string nearest_name(std::string_view wanted, const std::vector<std::string>& names);
// "refs/heads/main" as people write it: "main"; "refs/remotes/origin/x": "origin/x".
std::string short_ref_name(std::string_view ref);

}  // namespace lazylfs::lfs
