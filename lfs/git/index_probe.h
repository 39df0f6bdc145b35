// A cheap look into Git's index that saves a git process. Private to lfs/git.
#pragma once

#include <string>
#include <string_view>

namespace lazylfs::lfs {

// False when the index certainly has no entry of this name; true when it has, or when only git can
// tell (a compressed or split index).
bool index_may_have(const std::string& index_path, std::string_view name);

}  // namespace lazylfs::lfs
