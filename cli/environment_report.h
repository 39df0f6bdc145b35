// The lines of `git lfs env`, which also end every error log.
#pragma once

#include <string>
#include <vector>

#include "cli/workspace.h"

namespace lazylfs::cli {

// "git version 2.39.5", or why it is not known.
std::string git_version_line();

// "Endpoint=… (auth=…)" of the default remote and of all others.
std::vector<std::string> endpoint_lines(const Workspace& workspace);

// What `env` prints after the endpoints: folders and settings. `workspace` may be null outside of a
// repository.
std::vector<std::string> environment_lines(const Workspace* workspace, const lfs::Config& config);

// The variables whose names begin with GIT_, as "NAME=value", secrets masked.
std::vector<std::string> git_variables();

}  // namespace lazylfs::cli
