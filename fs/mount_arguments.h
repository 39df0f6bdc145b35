// MountOptions as the arguments of `git lfs mount`: how a daemon is told what to serve.
#pragma once

#include <string>
#include <vector>

#include "fs/mount.h"

namespace lazylfs::fs {

// What follows "mount" so that the command serves `options` in the foreground and reports to
// `ready_fd`. Without options.interactive: a daemon has no terminal.
std::vector<std::string> to_arguments(const MountOptions& options, int ready_fd);

}  // namespace lazylfs::fs
