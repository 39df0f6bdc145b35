// The files of an object folder, as they lie there.
#pragma once

#include <string>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

struct StoreListing {
  std::vector<Oid> objects;             // sorted
  std::vector<std::string> unfinished;  // paths: files under the names that ObjectStore::put uses
};

// Reads aa/bb/ below `folder`, several folders at a time. A folder that is not there is empty; one
// that cannot be read is an error. Links and files of other names are passed over.
Result<StoreListing> list_store(const std::string& folder);

}  // namespace lazylfs::lfs
