// The commands that look at the repository: what is an LFS file, and in which state.
#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {

std::span<const Command> listing_rows() { return {}; }

}  // namespace lazylfs::cli
