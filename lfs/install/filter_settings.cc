#include "lfs/install/filter_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

struct FilterSetting {
  std::string_view name, value, value_when_skipping;
  std::string_view old_values;  // that earlier versions wrote, parted by '|'
};
// In the order in which they are looked at and written.
constexpr auto kSettings = std::to_array<FilterSetting>({
    {"clean", "git-lfs clean -- %f", "git-lfs clean -- %f", "git-lfs clean %f"},
    {"smudge", "git-lfs smudge -- %f", "git-lfs smudge --skip -- %f",
     "git-lfs smudge %f|git-lfs smudge --skip %f|git-lfs smudge -- %f|git-lfs smudge --skip -- %f"},
    {"process", "git-lfs filter-process", "git-lfs filter-process --skip",
     "git-lfs filter|git-lfs filter --skip|git-lfs filter-process|git-lfs filter-process --skip"},
    {"required", "true", "true", ""},
});
constexpr std::string_view kSection = "filter.lfs";

// The path of `git` as the shell would find it; messages name it.
std::string git_path() {
  const std::string path = env_or_empty("PATH");
  for (const std::string_view folder : split(path, ':')) {
    const std::string candidate = std::string(folder.empty() ? "." : folder) + "/git";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "git";
}

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

// The values of the section in `scope` by name.
Result<std::map<std::string, std::string, std::less<>>> current_values(const ConfigScope& scope) {
  lazylfs::Command command;
  command.argv = {"git", "config", "--includes"};
  command.argv.insert(command.argv.end(), scope.options.begin(), scope.options.end());
  command.argv.insert(command.argv.end(), {"-z", "--get-regexp", "^filter\\.lfs\\."});
  const CommandOutput output = TRY(run_command(command));
  std::map<std::string, std::string, std::less<>> values;
  std::string_view rest = output.out;  // empty when there is none: git ends with 1
  while (!rest.empty()) {
    std::string_view item = take_until(rest, '\0');
    std::string_view key = take_until(item, '\n');
    key.remove_prefix(std::min(key.size(), kSection.size() + 1));
    values[std::string(key)] = item;
  }
  return values;
}

bool may_be_replaced(const FilterSetting& setting, std::string_view current) {
  const auto old_values = split(setting.old_values, '|');
  return current.empty() || std::ranges::find(old_values, current) != old_values.end();
}

}  // namespace

Result<std::string> run_git_config(const ConfigScope& scope,
                                   const std::vector<std::string>& arguments) {
  lazylfs::Command command;
  command.argv = {"git", "config", "--includes"};
  command.argv.insert(command.argv.end(), scope.options.begin(), scope.options.end());
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  CommandOutput output = TRY(run_command(command));
  if (output.exit_code == 0) return std::move(output.out);
  std::string text = "error running " + git_path();
  for (std::size_t i = 1; i < command.argv.size(); ++i) text += ' ' + quoted(command.argv[i]);
  text += ": " + quoted(trim(output.err)) + ' ' +
          quoted("exit status " + std::to_string(output.exit_code));
  return Error(Errc::io, text);
}

Result<void> install_filter(const ConfigScope& scope, bool skip_smudge, bool force) {
  const auto current = TRY(current_values(scope));
  const auto wanted = [&](const FilterSetting& setting) {
    return std::string(skip_smudge ? setting.value_when_skipping : setting.value);
  };
  const auto value_now = [&](const FilterSetting& setting) -> std::string {
    const auto found = current.find(setting.name);
    return found == current.end() ? "" : found->second;
  };
  for (const FilterSetting& setting : kSettings) {
    const std::string now = value_now(setting);
    if (force || now == wanted(setting) || may_be_replaced(setting, now)) continue;
    return Error(Errc::exists, "the \"" + std::string(kSection) + '.' + std::string(setting.name) +
                                   "\" attribute should be \"" + wanted(setting) + "\" but is \"" +
                                   now + '"');
  }
  for (const FilterSetting& setting : kSettings) {
    if (!force && value_now(setting) == wanted(setting)) continue;
    const std::string key = std::string(kSection) + '.' + std::string(setting.name);
    TRY(run_git_config(scope, {"--replace-all", key, wanted(setting)}));
  }
  return {};
}

Result<std::vector<std::string>> uninstall_filter(const ConfigScope& scope) {
  TRY(run_git_config(scope, {"--remove-section", std::string(kSection)}));
  std::vector<std::string> left;
  const auto values = TRY(current_values(scope));
  for (const auto& [name, value] : values) {
    left.push_back(std::string(kSection) + '.' + name);
  }
  return left;
}

}  // namespace lazylfs::lfs
