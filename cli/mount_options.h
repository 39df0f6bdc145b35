// The options of `git lfs mount` as the file system takes them.
#pragma once

#include "cli/options.h"
#include "fs/mount.h"

namespace lazylfs::cli {

// Paths are made absolute; nothing is looked up. Errc::invalid for a value that is no number, and
// for options that contradict each other.
Result<fs::MountOptions> mount_options_from(const Arguments& arguments);

}  // namespace lazylfs::cli
