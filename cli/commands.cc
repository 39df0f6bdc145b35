#include "cli/commands.h"

#include <algorithm>
#include <vector>

#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

std::vector<Command> gather() {
  std::vector<Command> commands;
  for (const auto rows :
       {filter_rows(), info_rows(), listing_rows(), locks_rows(), merge_rows(), migrate_rows(),
        mount_rows(), setup_rows(), transfer_rows(), upkeep_rows()}) {
    commands.insert(commands.end(), rows.begin(), rows.end());
  }
  std::ranges::sort(commands, {}, &Command::name);
  return commands;
}

}  // namespace

std::span<const Command> all_commands() {
  static const std::vector<Command> commands = gather();
  return commands;
}

}  // namespace lazylfs::cli
