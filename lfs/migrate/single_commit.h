// migrate import --no-rewrite: some files of HEAD become pointers in one new commit on top of it.
#pragma once

#include <string>
#include <vector>

#include "lfs/filter/extension.h"
#include "lfs/git/pack_writer.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

struct SingleCommit {
  std::vector<std::string> files;  // from the root
  std::string message;
  std::string author, committer;  // "name <mail> time zone"
};

// The new commit's id; it is in `pack`. Errc::not_found, in upstream's words, when `parent` has no
// such file.
Result<GitOid> commit_as_pointers(const Repository& repository, const ObjectStore& store,
                                  const std::vector<Extension>& extensions, const Commit& parent,
                                  const SingleCommit& commit, PackWriter& pack);

}  // namespace lazylfs::lfs
