// The filters that git runs, and the commands that show what they do.
#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {

std::span<const Command> filter_rows() { return {}; }

}  // namespace lazylfs::cli
