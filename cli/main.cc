#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/mount_helper.h"
#include "lfs/base/trace.h"

int main(int argc, char** argv) {
  lazylfs::init_trace_from_environment();
  lazylfs::Metrics metrics;
  lazylfs::cli::Context context{.out = std::cout,
                                .err = std::cerr,
                                .metrics = metrics,
                                .commands = lazylfs::cli::all_commands(),
                                .show_progress = ::isatty(STDERR_FILENO) == 1,
                                .interactive = ::isatty(STDIN_FILENO) == 1};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (argc > 0 && lazylfs::cli::is_mount_helper(argv[0])) {
    return lazylfs::cli::run_mount_helper(context, arguments);
  }
  return static_cast<int>(lazylfs::cli::run_command_line(context, arguments));
}
