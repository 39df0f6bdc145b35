// Who uses a store besides the repository that it lies in: repositories whose lfs.storage names it,
// or that borrow its objects through Git's alternates. `prune` asks all of them.
//
// A user is a small file beside objects/, users/<digest>, which holds the path of the repository's
// common folder and a line feed. Other Git LFS clients take no notice of it.
#pragma once

#include <string>
#include <vector>

#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

// Notes that the repository `common_folder` uses `store` and its alternates, where they are not its
// own.
// Called whenever a command opens a store: an ordinary repository pays for two lstat(2), others for
// one more a store. Where it cannot be written (somebody else's store), nothing happens.
void register_store_user(const std::string& common_folder, const ObjectStore& store);

// The common folders of those who registered with the store whose objects are in `objects_folder`.
// Entries whose repository is gone are dropped.
std::vector<std::string> store_users(const std::string& objects_folder);

}  // namespace lazylfs::lfs
