// The commands that tell about the program itself.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr auto kVersionOptions =
    std::to_array<Option>({{.name = "comics", .letter = 'c', .help = "Also quote a comic."}});

constexpr std::string_view kLogsHelp =
    "Lists the error logs of the repository: whenever the program fails in a way that it should\n"
    "not, it writes one, with what is needed for a report. Logs hold no passwords.";

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
     "<man|completion|settings|inventory> <folder>",
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
     "Shows a command's help, or all commands. 'git lfs help config' lists every setting,\n"
     "'git lfs help faq' answers frequent questions.",
     0,
     kAnyCount,
     false,
     run_help},
    {"logs", "[<command>]", "List the error logs", {}, kLogsHelp, 0, kAnyCount, false, run_logs},
    {"logs boomtown",
     "",
     "Write a sample error log",
     {},
     "Fails on purpose, with exit code 2, to show what that looks like.",
     0,
     kAnyCount,
     false,
     run_logs_boomtown},
    {"logs clear",
     "",
     "Remove the error logs",
     {},
     "Removes all of them.",
     0,
     kAnyCount,
     false,
     run_logs_clear},
    {"logs last",
     "",
     "Show the newest error log",
     {},
     "Prints it.",
     0,
     kAnyCount,
     false,
     run_logs_last},
    {"logs show",
     "<log>",
     "Show an error log",
     {},
     "Prints the log that 'git lfs logs' lists by this name.",
     0,
     kAnyCount,
     false,
     run_logs_show},
    {"version", "[options]", "Show the version", kVersionOptions,
     "Prints one line: the version of Git LFS whose behaviour the program has, which scripts\n"
     "compare, then its own.",
     0, kAnyCount, false, run_version},
});

}  // namespace

std::span<const Command> info_rows() { return kRows; }

}  // namespace lazylfs::cli
