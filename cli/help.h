// Texts made from the command table: help, manual pages.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace lazylfs::cli {

// "git-lfs/3.7.0 (lazylfs 0.1.0; linux amd64; c++ 20)", also the HTTP user agent.
std::string version_line();

// What `git lfs help` and `git lfs help <command>` print.
std::string program_help(std::span<const Command> commands);
std::string command_help(std::span<const Command> commands, const Command& command);

// The manual page of `command` in man(7) form; of the program when it is null. `date` is shown in
// the footer, for example "2026-01-31".
std::string manual_page(std::span<const Command> commands, const Command* command,
                        std::string_view date);

// "git-lfs-cache-evict": the page's name without its section.
std::string manual_page_name(const Command& command);

// Pieces of manual pages: text escaped for roff, paragraphs with verbatim examples, the heading.
std::string roff(std::string_view text);
std::string roff_body(std::string_view text);
std::string roff_heading(std::string_view name, std::string_view section, std::string_view summary,
                         std::string_view date);

}  // namespace lazylfs::cli
