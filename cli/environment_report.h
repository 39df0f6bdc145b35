// The lines of `git lfs env`, which also end every error log.
#pragma once

#include <string>
#include <vector>

#include "cli/workspace.h"

namespace lazylfs::cli {

// "git version 2.39.5", or why it is not known.
std::string git_version_line();

// What `env` prints after the endpoints: folders, settings, GIT_* variables. `workspace` may be
// null outside of a repository. No line holds a password.
std::vector<std::string> environment_lines(const Workspace* workspace);

}  // namespace lazylfs::cli
