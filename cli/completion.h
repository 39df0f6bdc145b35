// Shell completions made from the command table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace lazylfs::cli {

inline constexpr std::string_view kShells = "bash|fish|zsh";

// The script for `shell`: completes both `git lfs …` and `git-lfs …`.
// Errc::invalid for an unknown shell.
Result<std::string> completion_script(std::span<const Command> commands, std::string_view shell);

// `git-lfs __complete <words>`: the candidates for the last of `words`, one a line.
ExitCode complete_words(Context& context, std::span<const std::string> words,
                        bool with_descriptions);

}  // namespace lazylfs::cli
