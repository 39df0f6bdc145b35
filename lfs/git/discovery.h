// Finding a repository and deciding whether it may be used. Private to lfs/git.
#pragma once

#include <string>
#include <vector>

#include "lfs/git/libgit2.h"

namespace lazylfs::lfs {

struct DiscoveredRepository {
  RepositoryHandle handle;
  std::string git_folder, common_folder, work_tree, objects_folder;
  std::vector<std::string> environment_alternates;
  std::vector<std::string> promisors;  // remotes that may hold objects that are missing here
};

// See Repository::discover.
Result<DiscoveredRepository> discover_repository(const std::string& path);

}  // namespace lazylfs::lfs
