// Moves refs from the old history to the new one, all or none.
#pragma once

#include <string>
#include <vector>

#include "lfs/migrate/history_rewriter.h"
#include "lfs/migrate/revisions.h"

namespace lazylfs::lfs {

struct RefMove {
  std::string name;  // full; "HEAD" when it is detached
  GitOid before, after;
};

// What every ref but those of remotes has to become: branches, tags and all others that point to
// commits that changed, annotated tags, also of tags, written anew to `pack`.
Result<std::vector<RefMove>> plan_ref_moves(const Repository& repository,
                                            const std::vector<StoredRef>& refs,
                                            const CommitMap& commits, PackWriter& pack);

// One transaction: fails, and moves none, when one of them is not where it was. `message` is for
// the reflog.
Result<void> move_refs(const Repository& repository, const std::vector<RefMove>& moves,
                       const std::string& message);

}  // namespace lazylfs::lfs
