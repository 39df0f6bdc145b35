// The command table by theme; commands.cc puts it together. Rows of a group are in any order.
#pragma once

#include <span>

#include "cli/command.h"

namespace lazylfs::cli {

std::span<const Command> filter_rows();
std::span<const Command> info_rows();
std::span<const Command> listing_rows();
std::span<const Command> locks_rows();
std::span<const Command> merge_rows();
std::span<const Command> migrate_rows();
std::span<const Command> mount_rows();
std::span<const Command> setup_rows();
std::span<const Command> transfer_rows();
std::span<const Command> upkeep_rows();

}  // namespace lazylfs::cli
