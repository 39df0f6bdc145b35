// The settings that make Git call us: [filter "lfs"] in one of Git's configuration files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// One of Git's configuration files, by the option that `git config` takes for it. The commands run
// in the current folder.
struct ConfigScope {
  std::vector<std::string> options;  // {"--global"}, {"--file", "<path>"}

  static ConfigScope global() { return {{"--global"}}; }
  static ConfigScope local() { return {{"--local"}}; }
  static ConfigScope worktree() { return {{"--worktree"}}; }
  static ConfigScope system() { return {{"--system"}}; }
  static ConfigScope file(std::string path) { return {{"--file", std::move(path)}}; }
};

// Runs `git config <scope> <arguments>`. A failure's text is
// "error running <git> 'config' … : '<stderr>' 'exit status N'".
Result<std::string> run_git_config(const ConfigScope& scope,
                                   const std::vector<std::string>& arguments);

// Writes clean, smudge, process and required; with `skip_smudge` as `--skip`. A value that is
// neither empty nor one that earlier versions wrote is Errc::exists, and then nothing is changed,
// unless `force`.
Result<void> install_filter(const ConfigScope& scope, bool skip_smudge, bool force);

// Removes the section filter.lfs. The keys that are there all the same (from an included file).
Result<std::vector<std::string>> uninstall_filter(const ConfigScope& scope);

}  // namespace lazylfs::lfs
