// The commands that prepare a repository or an account for LFS, and the hooks they install.
#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {

std::span<const Command> setup_rows() { return {}; }

}  // namespace lazylfs::cli
