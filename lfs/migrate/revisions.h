// Which commits a migration is about.
#pragma once

#include <string>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// Names or ids of commits; what `include` reaches and `exclude` does not.
struct RevisionRange {
  std::vector<std::string> include, exclude;
};

// A ref as it is stored: not peeled.
struct StoredRef {
  std::string name;  // full
  GitOid target;
  std::string type;  // of the target: "commit", "tag", ...
  bool is_symbolic = false;
};
Result<std::vector<StoredRef>> stored_refs(const Repository& repository);

// "main" for branches, "v1" for tags; other names stay.
std::string shown_ref_name(const std::string& name);

// Whether --everything walks from this ref: not stashes, notes, bisections and replacements.
bool is_part_of_everything(const StoredRef& ref);

// Runs `git fetch` for all remotes.
Result<void> fetch_remotes(const Repository& repository, const std::vector<std::string>& remotes);
// The commits that a remote has branches and tags at and that are here, too; asks the remote.
Result<std::vector<std::string>> commits_on_remote(const Repository& repository,
                                                   const std::string& remote);

// Oldest first, as `git rev-list --reverse --topo-order` lists them: the order decides which
// attributes a commit gets, and so its id. Errc::invalid in upstream's words for a name that is
// none.
Result<std::vector<GitOid>> list_commits(const Repository& repository, const RevisionRange& range);

// In a partial clone, fetches what the range has and is not here: all at once.
Result<void> fetch_missing_of(const Repository& repository, const RevisionRange& range);

}  // namespace lazylfs::lfs
