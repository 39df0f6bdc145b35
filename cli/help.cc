#include "cli/help.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "lfs/base/text.h"
#include "lfs/base/version.h"

namespace lazylfs::cli {
namespace {

constexpr std::string_view kProgramIntroduction =
    "Git LFS keeps large files out of a Git repository: Git stores a small pointer file, an LFS\n"
    "server stores the content. A \"clean\" filter makes the pointer when a file is added, a\n"
    "\"smudge\" filter brings the content when it is checked out, and a hook uploads what is new\n"
    "before a push. This program can also mount a repository as a folder in which every pointer\n"
    "reads as its content: bytes are fetched when something reads them, kept in a cache that all\n"
    "mounts and commands share, and checked against their SHA-256.";

constexpr std::string_view kProgramExamples =
    "    git lfs install                     once for each account\n"
    "    git lfs track \"*.iso\"               choose what goes through LFS\n"
    "    git add .gitattributes image.iso    then work, commit and push as ever\n"
    "    git lfs mount https://example.org/team/data.git /mnt/data";

std::string invocation(const Command& command) {
  std::string text = "git lfs " + std::string(command.name);
  if (!command.usage.empty()) text += ' ' + std::string(command.usage);
  return text;
}

// "-r <ref>, --ref <ref>" in a table's left column.
std::string option_heading(const Option& option) {
  std::string heading = "--" + std::string(option.name);
  if (!option.value_name.empty()) heading += ' ' + std::string(option.value_name);
  return option.letter == '\0' ? heading : std::string{'-', option.letter} + ", " + heading;
}

std::vector<const Command*> shown_commands(std::span<const Command> commands,
                                           std::string_view prefix) {
  std::vector<const Command*> shown;
  for (const Command& command : commands) {
    if (!command.hidden && command.name.starts_with(prefix)) shown.push_back(&command);
  }
  return shown;
}

std::string command_list(const std::vector<const Command*>& commands) {
  std::size_t width = 0;
  for (const Command* command : commands) width = std::max(width, command->name.size());
  std::string text;
  for (const Command* command : commands) {
    text += "  " + std::string(command->name) + std::string(width - command->name.size() + 2, ' ') +
            std::string(command->summary) + '\n';
  }
  return text;
}

constexpr std::size_t kColumns = 96;

// `text` broken at spaces into lines that fit a terminal.
std::string wrapped(std::string_view text, std::string_view indentation) {
  std::string result;
  std::size_t column = kColumns;
  for (const std::string_view word : split(text, ' ')) {
    if (column + 1 + word.size() > kColumns) {
      if (!result.empty()) result += '\n';
      result += indentation;
      column = indentation.size();
    } else {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result + '\n';
}

std::string option_list(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    if (option.hidden) continue;
    text += "  " + option_heading(option) + '\n' + wrapped(option.help, "        ");
  }
  return text + "  -h, --help\n        Show this help.\n";
}

std::string roff_options(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    if (option.hidden) continue;
    text += ".TP\n\\fB" + roff(option_heading(option)) + "\\fR\n" + roff(option.help) + '\n';
  }
  return text;
}

std::string roff_commands(const std::vector<const Command*>& commands) {
  std::string text;
  for (const Command* command : commands) {
    text += ".TP\n\\fB" + roff(manual_page_name(*command)) + "\\fR(1)\n" + roff(command->summary) +
            ".\n";
  }
  return text;
}

}  // namespace

// A word of roff text: backslashes, hyphens that must stay ASCII, and a leading dot or quote that
// would start a request.
std::string roff(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// Paragraphs are parted by blank lines; lines that begin with spaces are shown as they are.
std::string roff_body(std::string_view text) {
  std::string body;
  bool verbatim = false;
  for (const std::string_view line : split(text, '\n')) {
    const bool indented = line.starts_with("    ");
    if (indented != verbatim && !line.empty()) {
      body += indented ? ".nf\n.RS 4\n" : ".RE\n.fi\n";
      verbatim = indented;
    }
    body += line.empty() ? ".PP\n" : roff(trim(line)) + '\n';
  }
  return verbatim ? body + ".RE\n.fi\n" : body;
}

std::string roff_heading(std::string_view name, std::string_view section, std::string_view summary,
                         std::string_view date) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return ".TH \"" + upper + "\" \"" + std::string(section) + "\" \"" + std::string(date) +
         "\" \"lazylfs " LAZYLFS_VERSION "\" \"Git LFS\"\n.SH NAME\n" + roff(name) + " \\- " +
         roff(summary) + '\n';
}

namespace {

constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nIt ran and found a problem, or nothing.\n.TP\n2\n"
    "It could not do what was asked; the message says why.\n.TP\n127\nThe command line is wrong.\n"
    ".TP\n128\nA Git repository was needed and there is none.\n";

}  // namespace

std::string version_line() { return std::string(kVersionLine); }

std::string program_help(std::span<const Command> commands) {
  return "git lfs <command> [<args>]\n\n" + std::string(kProgramIntroduction) + "\n\n" +
         std::string(kProgramExamples) + "\n\nCommands:\n\n" +
         command_list(shown_commands(commands, "")) +
         "\nRun 'git lfs help <command>' for a command's options.\n";
}

std::string command_help(std::span<const Command> commands, const Command& command) {
  std::string text = invocation(command) + "\n\n" + std::string(command.summary) + ".\n\n";
  for (const std::string_view line : split(command.help, '\n')) {
    text += line.size() <= kColumns ? std::string(line) + '\n' : wrapped(line, "");
  }
  text += '\n';
  const auto nested = shown_commands(commands, std::string(command.name) + ' ');
  if (!nested.empty()) text += "Commands:\n\n" + command_list(nested) + '\n';
  return text + "Options:\n\n" + option_list(command.options);
}

std::string manual_page_name(const Command& command) {
  std::string name = "git-lfs-" + std::string(command.name);
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string manual_page(std::span<const Command> commands, const Command* command,
                        std::string_view date) {
  if (command == nullptr) {
    return roff_heading("git-lfs", "1", "large files in Git, mounted and read on demand", date) +
           ".SH SYNOPSIS\n" + roff("git lfs <command> [<args>]") + "\n.SH DESCRIPTION\n" +
           roff_body(kProgramIntroduction) + ".SH COMMANDS\n" +
           roff_commands(shown_commands(commands, "")) + ".SH EXAMPLES\n" +
           roff_body(kProgramExamples) + std::string(kExitStatus);
  }
  std::string page = roff_heading(manual_page_name(*command), "1", command->summary, date) +
                     ".SH SYNOPSIS\n" + roff(invocation(*command)) + "\n.SH DESCRIPTION\n" +
                     roff_body(command->help);
  const auto nested = shown_commands(commands, std::string(command->name) + ' ');
  if (!nested.empty()) page += ".SH COMMANDS\n" + roff_commands(nested);
  const std::string options = roff_options(command->options);
  if (!options.empty()) page += ".SH OPTIONS\n" + options;
  return page + std::string(kExitStatus) + ".SH SEE ALSO\n" + roff("git-lfs") + "(1)\n";
}

}  // namespace lazylfs::cli
