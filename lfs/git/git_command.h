// How this module runs the git program: which environment it sees, and how its configuration
// listings are read. Private to lfs/git.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/process.h"
#include "lfs/base/result.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

// `git <arguments>` on the repository whose git folder is `git_folder` (empty: on none, and outside
// of any). No hook, no LFS filter, no maintenance runs in it, and it never prompts unless
// `interactive`.
Command git_command(std::vector<std::string> arguments, const std::string& git_folder,
                    bool interactive = false);

// The output of `git config --list -z`.
std::vector<ConfigEntry> parse_config_list(std::string_view listing);

// What git reads for the repository: all scopes, includes, -c and GIT_CONFIG_*.
Result<std::vector<ConfigEntry>> read_git_config(const std::string& git_folder);

// The safe keys of a .lfsconfig's text; the others are added to `unsafe_keys`, sorted. Includes in
// it are ignored: the repository must not choose files of this machine to be read.
Result<std::vector<ConfigEntry>> read_lfsconfig(std::string_view text,
                                                std::vector<std::string>& unsafe_keys);

// Errc::io with git's last "fatal:" or "error:" line.
Error git_failure(std::string_view what, const CommandOutput& output);

}  // namespace lazylfs::lfs
