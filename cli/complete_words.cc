// __complete and __completeNoDesc: what a completion script may ask of the program, as of any that
// is made with the cobra library: the words so far, the one to be completed last. A line for each
// candidate, "name\tdescription", then ":" and a number that says what the shell should do.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/completion.h"

namespace lazylfs::cli {
namespace {

enum class Directive { files = 0, no_files = 4 };

const Command* find(std::span<const Command> commands, std::string_view name) {
  const auto found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

struct Candidates {
  std::vector<std::pair<std::string, std::string_view>> items;  // name, description
  void add(std::string name, std::string_view description, std::string_view typed) {
    if (name.starts_with(typed)) items.emplace_back(std::move(name), description);
  }
};

void add_commands(std::span<const Command> commands, std::string_view parent,
                  std::string_view typed, Candidates& candidates) {
  for (const Command& command : commands) {
    if (command.hidden) continue;
    const std::size_t space = command.name.find(' ');
    const std::string_view before =
        space == std::string_view::npos ? std::string_view{} : command.name.substr(0, space);
    if (before != parent) continue;
    candidates.add(std::string(command.name.substr(space + 1)), command.summary, typed);
  }
}

void add_options(const Command* command, std::string_view typed, Candidates& candidates) {
  if (command != nullptr) {
    for (const Option& option : command->options) {
      if (option.hidden) continue;
      candidates.add("--" + std::string(option.name), option.help, typed);
      if (option.letter != '\0') candidates.add({'-', option.letter}, option.help, typed);
    }
  }
  candidates.add("--help", "Show this help.", typed);
  candidates.add("-h", "Show this help.", typed);
  if (command != nullptr) return;
  candidates.add("--version", "Show the version.", typed);
  candidates.add("-v", "Show the version.", typed);
}

// The option whose value is being completed: the last word, when it wants one.
const Option* pending_option(const Command* command, std::span<const std::string> words) {
  if (command == nullptr || words.empty()) return nullptr;
  const std::string& last = words.back();
  for (const Option& option : command->options) {
    if (option.value_name.empty()) continue;
    const bool is_short = option.letter != '\0' && last == std::string{'-', option.letter};
    if (last == "--" + std::string(option.name) || is_short) return &option;
  }
  return nullptr;
}

}  // namespace

ExitCode complete_words(Context& context, std::span<const std::string> words,
                        bool with_descriptions) {
  const std::string typed = words.empty() ? "" : words.back();
  const auto before = words.empty() ? words : words.first(words.size() - 1);
  const Command* command = nullptr;
  std::size_t positional = 0;
  for (const std::string& word : before) {
    if (word.starts_with('-')) continue;
    const std::string name = command == nullptr ? word : std::string(command->name) + ' ' + word;
    const Command* next = positional == 0 ? find(context.commands, name) : nullptr;
    if (next != nullptr) {
      command = next;
    } else {
      ++positional;
    }
  }
  Candidates candidates;
  auto directive = Directive::no_files;
  if (const Option* option = pending_option(command, before)) {
    if (option->choices.empty()) directive = Directive::files;
    for (std::string_view rest = option->choices; !rest.empty();) {
      candidates.add(std::string(rest.substr(0, rest.find('|'))), "", typed);
      rest.remove_prefix(
          std::min(rest.size(), rest.find('|') == rest.npos ? rest.size() : rest.find('|') + 1));
    }
  } else if (typed.starts_with('-')) {
    add_options(command, typed, candidates);
  } else if (command == nullptr && positional > 0) {
    directive = Directive::files;
  } else {
    const bool about_commands = command == nullptr || command->name == "help";
    if (positional == 0) {
      add_commands(context.commands, about_commands ? "" : command->name, typed, candidates);
    }
    if (command != nullptr && command->name == "completion") {
      for (const char* shell : {"bash", "fish", "zsh"}) candidates.add(shell, "", typed);
    } else if (!about_commands && candidates.items.empty()) {
      directive = Directive::files;
    }
  }
  for (const auto& [name, description] : candidates.items) {
    context.out << name;
    if (with_descriptions && !description.empty()) context.out << '\t' << description;
    context.out << '\n';
  }
  context.out << ':' << static_cast<int>(directive) << '\n';
  context.err << "Completion ended with directive: "
              << (directive == Directive::files ? "ShellCompDirectiveDefault"
                                                : "ShellCompDirectiveNoFileComp")
              << '\n';
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
