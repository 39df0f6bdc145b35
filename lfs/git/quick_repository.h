// A repository found without libgit2, for the filters: git starts one for each file that it cannot
// filter otherwise, and loading libgit2 would cost more than all the rest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/git/config.h"

namespace lazylfs::lfs {

// Value; the members mean what Repository's do.
struct QuickRepository {
  std::string git_folder, common_folder, work_tree;
  std::string objects_folder;
  std::vector<std::string> environment_alternates;
  Config config;
};

// The repository around the current folder, or as GIT_DIR says. Nothing whenever something is out
// of the ordinary (none found, bare, of another owner, with a .lfsconfig): then Repository decides.
std::optional<QuickRepository> find_quick_repository();

}  // namespace lazylfs::lfs
