#include <algorithm>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/suggest.h"

namespace lazylfs::cli {
namespace {

const Command* find_command(std::span<const Command> commands, std::string_view name) {
  const auto found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

bool has_subcommands(std::span<const Command> commands, std::string_view name) {
  const std::string prefix = std::string(name) + ' ';
  return std::ranges::any_of(commands,
                             [&](const Command& c) { return c.name.starts_with(prefix); });
}

// The names that may follow `parent` (empty: the program itself).
std::vector<std::string_view> names_below(std::span<const Command> commands,
                                          std::string_view parent) {
  std::vector<std::string_view> names;
  for (const Command& command : commands) {
    if (command.hidden) continue;
    std::string_view name = command.name;
    if (!parent.empty()) {
      if (!name.starts_with(parent) || name.size() <= parent.size()) continue;
      name.remove_prefix(parent.size());
      if (name[0] != ' ') continue;
      name.remove_prefix(1);
    }
    if (name.find(' ') == std::string_view::npos) names.push_back(name);
  }
  return names;
}

ExitCode unknown_command(Context& context, std::string_view parent, std::string_view word) {
  const std::string program = parent.empty() ? "git-lfs" : "git-lfs " + std::string(parent);
  context.err << "Error: unknown command \"" << word << "\" for \"" << program << "\"\n";
  const auto near = suggestions(word, names_below(context.commands, parent));
  if (!near.empty()) {
    context.err << "\nDid you mean this?\n";
    for (const std::string_view name : near) context.err << '\t' << name << '\n';
    context.err << '\n';
  }
  context.err << "Run '" << program << " --help' for usage.\n";
  return ExitCode::usage;
}

// Empty when `count` positional words are fine, else what is wrong, in git-lfs's words.
std::string count_complaint(const Command& command, std::size_t count) {
  const std::string received = std::to_string(count);
  const std::string min = std::to_string(command.positional_min);
  const std::string max = std::to_string(command.positional_max);
  if (count >= command.positional_min && count <= command.positional_max) return {};
  if (command.positional_min == command.positional_max) {
    return "accepts " + min + " arg(s), received " + received;
  }
  if (command.positional_max == kAnyCount) {
    return "requires at least " + min + " arg(s), only received " + received;
  }
  return "accepts between " + min + " and " + max + " arg(s), received " + received;
}

ExitCode run(Context& context, const Command& command, std::span<const std::string> words) {
  const Result<Arguments> arguments = parse_options(command.options, words);
  if (!arguments) return usage_error(context, command.name, arguments.error().message());
  if (arguments->is_set("help") || command.run == nullptr) {
    context.out << command_help(context.commands, command);
    return ExitCode::ok;
  }
  const std::string complaint = count_complaint(command, arguments->positional.size());
  if (!complaint.empty()) return usage_error(context, command.name, complaint);

  const Result<ExitCode> code = command.run(context, *arguments);
  if (code) return *code;
  context.err << code.error().message() << '\n';
  return ExitCode::fatal;
}

}  // namespace

// As upstream: the complaint on stderr, the command's help on stdout.
ExitCode usage_error(Context& context, std::string_view command, std::string_view message) {
  context.err << "Error: " << message << "\n\n";
  const Command* known = find_command(context.commands, command);
  context.out << (known == nullptr ? program_help(context.commands)
                                   : command_help(context.commands, *known));
  return ExitCode::usage;
}

ExitCode run_command_line(Context& context, std::span<const std::string> arguments) {
  if (arguments.empty()) {
    context.out << version_line() << '\n' << program_help(context.commands);
    return ExitCode::ok;
  }
  const std::string& first = arguments[0];
  if (first == "-v" || first == "--version") {
    context.out << version_line() << '\n';
    return ExitCode::ok;
  }
  if (first == "-h" || first == "--help") {
    context.out << program_help(context.commands);
    return ExitCode::ok;
  }
  if (first == "__complete" || first == "__completeNoDesc") {
    return complete_words(context, arguments.subspan(1), first == "__complete");
  }
  if (first.starts_with('-')) {
    const Result<Arguments> wrong = parse_options({}, arguments.first(1));
    return usage_error(context, "", wrong ? "unknown flag: " + first : wrong.error().message());
  }
  const Command* command = find_command(context.commands, first);
  if (command == nullptr) return unknown_command(context, {}, first);
  if (!has_subcommands(context.commands, first) || arguments.size() < 2 ||
      arguments[1].starts_with('-')) {
    return run(context, *command, arguments.subspan(1));
  }
  const Command* nested = find_command(context.commands, first + ' ' + arguments[1]);
  if (nested == nullptr) {
    // A command that works by itself takes the word as its argument.
    if (command->run != nullptr && command->positional_max > 0) {
      return run(context, *command, arguments.subspan(1));
    }
    return unknown_command(context, first, arguments[1]);
  }
  return run(context, *nested, arguments.subspan(2));
}

}  // namespace lazylfs::cli
