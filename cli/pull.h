// The part of pull that clone shares.
#pragma once

#include <string>

#include "cli/workspace.h"

namespace lazylfs::cli {

// Where objects go: into the store and the work tree, or only into the store.
enum class PullInto { work_tree, store };

// Fetches what HEAD's tree needs and writes it into the work tree.
Result<ExitCode> pull_head(Context& context, Workspace& workspace, const std::string& remote,
                           const lfs::PathFilter& filter, PullInto into = PullInto::work_tree);

}  // namespace lazylfs::cli
