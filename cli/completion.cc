// Each script holds the table as text: the words that may follow each command. Nothing is asked of
// the program while completing, so a completion costs no process.
#include "cli/completion.h"

#include <vector>

#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

// The last word of a command's name, and what stands before it.
std::string_view parent_of(const Command& command) {
  const std::size_t space = command.name.find(' ');
  return space == std::string_view::npos ? std::string_view{} : command.name.substr(0, space);
}
std::string_view leaf_of(const Command& command) {
  return command.name.substr(command.name.find(' ') + 1);
}

std::string nested_names(std::span<const Command> commands, std::string_view parent) {
  std::string names;
  for (const Command& command : commands) {
    if (command.hidden || parent_of(command) != parent) continue;
    names += (names.empty() ? "" : " ") + std::string(leaf_of(command));
  }
  return names;
}

std::string option_words(const Command& command) {
  std::string words = "--help";
  for (const Option& option : command.options) {
    if (option.hidden) continue;
    words += " --" + std::string(option.name) + (option.value_name.empty() ? "" : "=");
  }
  return words;
}

// For single quotes of a POSIX shell.
std::string shell_quoted(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + escaped + "'";
}

std::string bash_script(std::span<const Command> commands) {
  std::string script =
      "# bash completion for git-lfs; git's own completion calls _git_lfs for `git lfs`.\n"
      "_git_lfs() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" first='' second='' word seen=0 words=''\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in\n"
      "      -*) continue ;;\n"
      "      lfs) if [ \"$seen\" = 0 ] && [ \"${COMP_WORDS[0]##*/}\" = git ]; then continue; fi "
      ";;\n"
      "    esac\n"
      "    seen=$((seen + 1))\n"
      "    case \"$seen\" in 1) first=\"$word\" ;; 2) second=\"$word\" ;; esac\n"
      "  done\n"
      "  case \"$first\" in\n"
      "    '') words=" +
      shell_quoted(nested_names(commands, "") + " --help --version") + " ;;\n";
  for (const Command& command : commands) {
    if (command.hidden || !parent_of(command).empty()) continue;
    const std::string nested = nested_names(commands, command.name);
    script += "    " + std::string(command.name) + ") words=" +
              shell_quoted(nested.empty() ? option_words(command) : nested + " --help");
    if (!nested.empty()) {
      script += "\n      case \"$second\" in\n";
      for (const Command& inner : commands) {
        if (inner.hidden || parent_of(inner) != command.name) continue;
        script += "        " + std::string(leaf_of(inner)) +
                  ") words=" + shell_quoted(option_words(inner)) + " ;;\n";
      }
      script += "      esac";
    }
    script += " ;;\n";
  }
  return script +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  if [ ${#COMPREPLY[@]} -eq 0 ]; then compopt -o default 2>/dev/null; fi\n"
         "  if [[ \"${COMPREPLY[0]-}\" == *= ]]; then compopt -o nospace 2>/dev/null; fi\n"
         "}\n"
         "__start_git-lfs() { _git_lfs \"$@\"; }\n"
         "complete -o default -F __start_git-lfs git-lfs\n";
}

// A description inside a zsh specification: brackets and colons have a meaning there.
std::string zsh_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_arguments(const Command& command) {
  std::string text = "_arguments -S";
  for (const Option& option : command.options) {
    if (option.hidden) continue;
    std::string spec = "--" + std::string(option.name);
    if (!option.value_name.empty()) spec += '=';
    spec += '[' + zsh_text(option.help) + ']';
    if (!option.value_name.empty()) {
      std::string choices(option.choices);
      for (char& c : choices) c = c == '|' ? ' ' : c;
      spec += ':' + zsh_text(option.value_name) + ':' +
              (choices.empty() ? std::string("_files") : '(' + choices + ')');
    }
    text += ' ' + shell_quoted(spec);
  }
  return text + " '(-h --help)'{-h,--help}'[Show this help.]' '*:file:_files'";
}

std::string zsh_describe(std::span<const Command> commands, std::string_view parent) {
  std::string text = "_values 'git lfs command'";
  for (const Command& command : commands) {
    if (command.hidden || parent_of(command) != parent) continue;
    text +=
        ' ' + shell_quoted(std::string(leaf_of(command)) + '[' + zsh_text(command.summary) + ']');
  }
  return text;
}

std::string zsh_script(std::span<const Command> commands) {
  std::string script =
      "#compdef git-lfs\n"
      "# zsh completion for git-lfs; git's own completion calls _git-lfs for `git lfs`.\n"
      "_git-lfs() {\n"
      "  if (( CURRENT == 2 )); then\n    " +
      zsh_describe(commands, "") +
      "\n    return\n  fi\n"
      "  case \"$words[2]\" in\n";
  for (const Command& command : commands) {
    if (command.hidden || !parent_of(command).empty()) continue;
    script += "    " + std::string(command.name) + ")\n";
    if (nested_names(commands, command.name).empty()) {
      script += "      shift words; (( CURRENT-- )); " + zsh_arguments(command) + " ;;\n";
      continue;
    }
    script += "      if (( CURRENT == 3 )); then\n        " + zsh_describe(commands, command.name) +
              "\n        return\n      fi\n      case \"$words[3]\" in\n";
    for (const Command& inner : commands) {
      if (inner.hidden || parent_of(inner) != command.name) continue;
      script += "        " + std::string(leaf_of(inner)) + ") shift 2 words; (( CURRENT -= 2 )); " +
                zsh_arguments(inner) + " ;;\n";
    }
    script += "      esac ;;\n";
  }
  return script + "  esac\n}\nif [ \"$funcstack[1]\" = _git-lfs ]; then _git-lfs \"$@\"; fi\n";
}

std::string fish_options(const Command& command, const std::string& condition) {
  std::string text;
  for (const Option& option : command.options) {
    if (option.hidden) continue;
    std::string choices(option.choices);
    for (char& c : choices) c = c == '|' ? ' ' : c;
    text += "__lazylfs_complete -n " + shell_quoted(condition) + " -l " + std::string(option.name);
    if (!option.value_name.empty()) text += " -r";
    if (!choices.empty()) text += " -f -a " + shell_quoted(choices);
    text += " -d " + shell_quoted(option.help) + '\n';
  }
  return text;
}

std::string fish_script(std::span<const Command> commands) {
  std::string script =
      "# fish completion for git-lfs, as `git-lfs …` and as `git lfs …`.\n"
      "function __lazylfs_words\n"
      "    set -l words (commandline -opc)\n"
      "    set -l rest\n"
      "    for word in $words[2..-1]\n"
      "        if not string match -q -- '-*' $word\n"
      "            set -a rest $word\n"
      "        end\n"
      "    end\n"
      "    if test \"$rest[1]\" = lfs\n"
      "        set -e rest[1]\n"
      "    else if test \"$words[1]\" = git\n"
      "        return 1\n"
      "    end\n"
      "    string join ' ' -- $rest\n"
      "end\n"
      "function __lazylfs_at\n"
      "    set -l line (__lazylfs_words); or return 1\n"
      "    string match -q -- $argv[1] \"$line\"; or string match -q -- \"$argv[1] *\" \"$line\"\n"
      "end\n"
      "function __lazylfs_exactly\n"
      "    set -l line (__lazylfs_words); or return 1\n"
      "    test \"$line\" = \"$argv[1]\"\n"
      "end\n"
      "function __lazylfs_complete\n"
      "    complete -c git-lfs $argv\n"
      "    complete -c git $argv\n"
      "end\n"
      "complete -c git -n __fish_git_needs_command -f -a lfs -d 'Large files'\n";
  for (const Command& command : commands) {
    if (command.hidden) continue;
    const std::string name(command.name);
    script += "__lazylfs_complete -n " +
              shell_quoted("__lazylfs_exactly '" + std::string(parent_of(command)) + "'") +
              " -f -a " + std::string(leaf_of(command)) + " -d " + shell_quoted(command.summary) +
              '\n';
    script += fish_options(command, "__lazylfs_at '" + name + "'");
  }
  return script;
}

}  // namespace

Result<std::string> completion_script(std::span<const Command> commands, std::string_view shell) {
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  if (shell == "fish") return fish_script(commands);
  return Error(Errc::invalid,
               "unknown shell \"" + std::string(shell) + "\"; use one of " + std::string(kShells));
}

}  // namespace lazylfs::cli
