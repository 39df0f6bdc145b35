// The commands that tell about the program itself.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr auto kRows = std::to_array<Command>({
    {"completion",
     "<bash|fish|zsh>",
     "Print a completion script for a shell",
     {},
     "    source <(git-lfs completion bash)",
     1,
     1,
     false,
     run_completion},
    {"env",
     "",
     "Show the endpoint, folders and settings in use",
     {},
     "For reports and for debugging. Prints no password.",
     0,
     0,
     false,
     run_env},
    {"generate",
     "<man|completion> <folder>",
     "Write manual pages or completions",
     {},
     "Used when the program is built.",
     2,
     2,
     true,
     run_generate},
    {"help",
     "[<command>...]",
     "Show help",
     {},
     "Shows a command's help, or all commands.",
     0,
     2,
     false,
     run_help},
    {"version", "", "Show the version", {}, "Prints one line.", 0, kAnyCount, false, run_version},
});

}  // namespace

std::span<const Command> info_rows() { return kRows; }

}  // namespace lazylfs::cli
