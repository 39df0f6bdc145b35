// What a command is: a row of a table, from which dispatch, help, manual pages and completions are
// made, and the function that does the work.
#pragma once

#include <limits>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/options.h"
#include "lfs/base/metrics.h"
#include "lfs/base/result.h"

namespace lazylfs::cli {

struct Command;

// What a command may touch of the process; tests pass string streams.
struct Context {
  std::ostream& out;  // results
  std::ostream& err;  // for people: messages and progress
  Metrics& metrics;
  std::span<const Command> commands;  // the table, for help and completion
  bool show_progress = false;         // stderr is a terminal
  bool interactive = false;           // somebody can answer a prompt
};

inline constexpr std::size_t kAnyCount = std::numeric_limits<std::size_t>::max();

struct Command {
  std::string_view name;     // "mount", or "cache evict": at most two words
  std::string_view usage;    // what follows the name: "[options] <repository> <mountpoint>"
  std::string_view summary;  // one line without a full stop
  std::span<const Option> options;
  std::string_view help;  // paragraphs between blank lines; an indented line is an example
  std::size_t positional_min = 0, positional_max = kAnyCount;
  bool hidden = false;
  // An Error becomes one line on stderr and ExitCode::fatal.
  Result<ExitCode> (*run)(Context&, const Arguments&) = nullptr;
};

// Finds the command that `arguments` (without the program's name) name, parses its options and runs
// it. Every error leaves through here, as one line on context.err.
ExitCode run_command_line(Context& context, std::span<const std::string> arguments);

// For a command line that the tables cannot judge: says so, and prints the command's help.
ExitCode usage_error(Context& context, std::string_view command, std::string_view message);

}  // namespace lazylfs::cli
