// Which files git passes through the filter "lfs".
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// Those of `paths` whose attribute `filter` is "lfs", by the attributes of the work tree, or of
// HEAD in a bare repository. One process of git, or none when there is no path.
Result<std::unordered_set<std::string>> filtered_paths(const Repository& repository,
                                                       const std::vector<std::string>& paths);

}  // namespace lazylfs::lfs
