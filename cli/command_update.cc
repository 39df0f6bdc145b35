// update: the hooks, and access settings of earlier versions.
#include <algorithm>
#include <array>

#include "cli/command_functions.h"
#include "cli/update_hooks.h"
#include "cli/workspace.h"
#include "lfs/install/filter_settings.h"

namespace lazylfs::cli {
namespace {

constexpr auto kAccessModes = std::to_array<std::string_view>({"basic", "negotiate", "none"});

// lfs.<url>.access: "private" was the name of "basic"; what no version knows is removed. (Upstream
// also removes "negotiate", which it writes itself.)
void update_access(Context& context, const lfs::Config& config) {
  constexpr std::string_view kStart = "lfs.";
  constexpr std::string_view kEnd = ".access";
  const lfs::ConfigScope scope = lfs::ConfigScope::local();
  for (const lfs::ConfigEntry& entry : config.entries()) {
    std::string_view url = entry.key;
    if (url.size() <= kStart.size() + kEnd.size() || !url.starts_with(kStart) ||
        !url.ends_with(kEnd) || entry.from_lfsconfig) {
      continue;
    }
    url = url.substr(kStart.size(), url.size() - kStart.size() - kEnd.size());
    const std::string value = config.get(entry.key).value_or("");
    if (std::ranges::find(kAccessModes, value) != kAccessModes.end()) continue;
    const bool rename = value == "private";
    const auto changed = rename ? lfs::run_git_config(scope, {entry.key, "basic"})
                                : lfs::run_git_config(scope, {"--unset", entry.key});
    if (!changed) continue;  // set elsewhere than in the repository's file
    if (rename) {
      context.out << "Updated " << url << " access from private to basic.\n";
    } else {
      context.out << "Removed invalid " << url << " access of " << value << ".\n";
    }
  }
}

}  // namespace

Result<ExitCode> run_update(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  update_access(context, workspace->config());
  return update_hooks(context, workspace->repository(), arguments.is_set("force"),
                      arguments.is_set("manual"));
}

}  // namespace lazylfs::cli
