// The table of every command of the program.
#pragma once

#include <span>

#include "cli/command.h"

namespace lazylfs::cli {

// Sorted by name; a command of two words ("cache evict") follows its first.
std::span<const Command> all_commands();

}  // namespace lazylfs::cli
