#include "lfs/git/git_command.h"

#include <algorithm>

#include "lfs/base/text.h"
#include "lfs/git/settings_table.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kConfigBytesMax = 16U << 20U;
constexpr std::chrono::seconds kConfigTimeout{30};

}  // namespace

Command git_command(std::vector<std::string> arguments, const std::string& git_folder,
                    bool interactive) {
  Command command;
  command.argv = {"git",       "-c", "core.hooksPath=/dev/null", "-c",
                  "gc.auto=0", "-c", "maintenance.auto=false"};
  command.argv.insert(command.argv.end(), std::make_move_iterator(arguments.begin()),
                      std::make_move_iterator(arguments.end()));
  command.set_environment = {"GIT_LFS_SKIP_SMUDGE=1", "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0"};
  command.unset_environment = {"GIT_WORK_TREE",  "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE",
                               "GIT_COMMON_DIR", "LC_*",           "LANGUAGE"};
  if (!interactive) command.set_environment.emplace_back("GIT_TERMINAL_PROMPT=0");
  if (git_folder.empty()) {
    command.folder = "/";
    for (const char* name : {"GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"})
      command.unset_environment.emplace_back(name);
  } else {
    command.folder = git_folder;
    command.set_environment.push_back("GIT_DIR=" + git_folder);
  }
  return command;
}

std::vector<ConfigEntry> parse_config_list(std::string_view listing) {
  std::vector<ConfigEntry> entries;
  while (!listing.empty()) {
    std::string_view item = take_until(listing, '\0');
    const bool has_value = item.find('\n') != std::string_view::npos;
    const std::string_view key = take_until(item, '\n');
    entries.push_back({std::string(key), has_value ? std::string(item) : "true", false});
  }
  return entries;
}

Result<std::vector<ConfigEntry>> read_git_config(const std::string& git_folder) {
  // Without our own -c settings: they would show up in the listing.
  Command command = git_command({}, git_folder);
  command.argv = {"git", "config", "--list", "--includes", "-z"};
  RunOptions options;
  options.timeout = kConfigTimeout;
  options.output_bytes_max = kConfigBytesMax;
  const CommandOutput output = TRY(run_command(command, options));
  if (output.exit_code != 0) return git_failure("read the git configuration", output);
  return parse_config_list(output.out);
}

Result<Config> Config::outside_repository() { return Config(TRY(read_git_config(""))); }

Result<std::vector<ConfigEntry>> read_lfsconfig(std::string_view text,
                                                std::vector<std::string>& unsafe_keys) {
  Command command = git_command({}, "");
  command.argv = {"git", "config", "--list", "--no-includes", "-z", "--file", "-"};
  RunOptions options;
  options.input = text;
  options.timeout = kConfigTimeout;
  options.output_bytes_max = kConfigBytesMax;
  const CommandOutput output = TRY(run_command(command, options));
  if (output.exit_code != 0) return git_failure("read .lfsconfig", output);
  std::vector<ConfigEntry> safe;
  for (ConfigEntry& entry : parse_config_list(output.out)) {
    if (is_safe_in_lfsconfig(entry.key)) {
      entry.from_lfsconfig = true;
      safe.push_back(std::move(entry));
    } else {
      unsafe_keys.push_back(std::move(entry.key));
    }
  }
  std::sort(unsafe_keys.begin(), unsafe_keys.end());
  unsafe_keys.erase(std::unique(unsafe_keys.begin(), unsafe_keys.end()), unsafe_keys.end());
  return safe;
}

Error git_failure(std::string_view what, const CommandOutput& output) {
  std::string_view told;
  for (const std::string_view line : split(output.err, '\n')) {
    const std::string_view text = trim(line);
    if (text.starts_with("fatal: ") || text.starts_with("error: ") || told.empty()) {
      if (!text.empty()) told = text;
    }
  }
  for (const std::string_view prefix : {"fatal: ", "error: "}) {
    if (told.starts_with(prefix)) told.remove_prefix(prefix.size());
  }
  std::string message = std::string(what) + ": ";
  message += told.empty() ? "git ended with code " + std::to_string(output.exit_code)
                          : "git says: " + std::string(told);
  return {Errc::io, std::move(message)};
}

}  // namespace lazylfs::lfs
