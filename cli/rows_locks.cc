// The commands for file locks.
#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {

std::span<const Command> locks_rows() { return {}; }

}  // namespace lazylfs::cli
