// A small command table, and a context that keeps what commands print.
#pragma once

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.h"

namespace lazylfs::cli {

inline Result<ExitCode> run_echo(Context& context, const Arguments& arguments) {
  for (const std::string& word : arguments.positional) context.out << word << '\n';
  return arguments.is_set("problem") ? ExitCode::problem : ExitCode::ok;
}
inline Result<ExitCode> run_fail(Context&, const Arguments&) {
  return Error(Errc::io, "the disk is on fire");
}

inline constexpr auto kEchoOptions = std::to_array<Option>({
    {.name = "colour",
     .letter = 'c',
     .value_name = "<name>",
     .help = "Which: [any] of them's fine.",
     .choices = "red|blue"},
    {.name = "hidden-thing", .hidden = true},
    {.name = "problem", .letter = 'p', .help = "End with 1."},
});
inline constexpr auto kTable = std::to_array<Command>({
    {"echo", "[options] <word>...", "Print words", kEchoOptions, "Text.\n\n    example --line", 1,
     3, false, run_echo},
    {"fail", "", "Fail", {}, "Always fails.", 0, 0, false, run_fail},
    {"secret", "", "Hidden", {}, "Hidden.", 0, kAnyCount, true, run_echo},
    {"stack", "<command>", "A group", {}, "Has commands of its own.", 0, 0, false, nullptr},
    {"stack pop", "", "Take off", {}, "Takes one off.", 0, 0, false, run_fail},
    {"stack push", "<word>", "Put on", kEchoOptions, "Puts one on.", 1, kAnyCount, false, run_echo},
});

struct Outcome {
  ExitCode code;
  std::string out, err;
};

inline Outcome run_table(std::vector<std::string> words, std::span<const Command> table = kTable) {
  std::ostringstream out;
  std::ostringstream err;
  Metrics metrics;
  Context context{.out = out, .err = err, .metrics = metrics, .commands = table};
  const ExitCode code = run_command_line(context, words);
  return {code, out.str(), err.str()};
}

}  // namespace lazylfs::cli
