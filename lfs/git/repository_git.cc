// What of a repository is told to the git program that works on it.
#include "lfs/base/files.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

std::string Repository::index_path() const {
  const std::string given = env_or_empty("GIT_INDEX_FILE");
  return given.empty() ? git_folder() + "/index" : absolute_path(given);
}

Command Repository::git(std::vector<std::string> arguments) const {
  Command command;
  command.argv = {"git"};
  command.argv.insert(command.argv.end(), std::make_move_iterator(arguments.begin()),
                      std::make_move_iterator(arguments.end()));
  command.folder = is_bare() ? git_folder() : work_tree();
  command.unset_environment = {"GIT_PREFIX"};
  command.set_environment = {"GIT_DIR=" + git_folder()};
  if (!is_bare()) command.set_environment.push_back("GIT_WORK_TREE=" + work_tree());
  // Relative paths in the environment are relative to our folder, not to the child's.
  for (const char* name : {"GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}) {
    const std::string value = env_or_empty(name);
    if (!value.empty()) command.set_environment.push_back(name + ("=" + absolute_path(value)));
  }
  return command;
}

}  // namespace lazylfs::lfs
