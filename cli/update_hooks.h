// What `update` and `install` share.
#pragma once

#include "cli/command.h"
#include "lfs/git/repository.h"

namespace lazylfs::cli {

// Installs the hooks, or with `manual` prints them, and says so in upstream's words.
ExitCode update_hooks(Context& context, const lfs::Repository& repository, bool force, bool manual);

}  // namespace lazylfs::cli
