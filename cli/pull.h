// The part of pull that clone shares.
#pragma once

#include <string>

#include "cli/workspace.h"

namespace lazylfs::cli {

// Fetches what HEAD's tree needs and writes it into the work tree.
Result<ExitCode> pull_head(Context& context, Workspace& workspace, const std::string& remote,
                           const lfs::PathFilter& filter);

}  // namespace lazylfs::cli
