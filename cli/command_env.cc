// env: what is in use, for reports and debugging.
#include <map>

#include "cli/command_functions.h"
#include "cli/environment_report.h"
#include "cli/help.h"
#include "cli/workspace.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

// Values of lfs.* that override each other, which is seldom meant.
void warn_of_clashes(Context& context, const lfs::Config& config) {
  std::map<std::string, std::vector<std::string>> seen;
  for (const lfs::ConfigEntry& entry : config.entries()) {
    if (!entry.key.starts_with("lfs.")) continue;
    auto& values = seen[entry.key];
    if (!values.empty() && values.back() != entry.value) {
      std::string before;
      for (const std::string& value : values) {
        before += (before.empty() ? "" : " ") + go_quoted(value);
      }
      const std::string key = go_quoted(entry.key);
      context.err << "warning: These `git config` values clash:\n  git config " << key << " = ["
                  << before << "]\n  git config " << key << " = " << go_quoted(entry.value) << '\n';
    }
    values.push_back(entry.value);
  }
}

}  // namespace

Result<ExitCode> run_env(Context& context, const Arguments&) {
  const std::vector<std::string> variables = git_variables();  // before any is made absolute
  auto opened = TRY(Workspace::open(context, Need::nothing, false));
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  lfs::Config outside;
  if (!workspace) outside = TRY(lfs::Config::outside_repository());
  const lfs::Config& config = workspace ? workspace->config() : outside;
  warn_of_clashes(context, config);
  warn_of_ambiguous_aliases(context, config);

  std::ostream& out = context.out;
  out << version_line() << '\n' << git_version_line() << "\n\n";
  if (workspace) {
    for (const std::string& line : endpoint_lines(*workspace)) out << line << '\n';
  }
  for (const std::string& line : environment_lines(workspace.get(), config)) out << line << '\n';
  for (const std::string& line : variables) out << line << '\n';
  for (const char* key : {"filter.lfs.process", "filter.lfs.smudge", "filter.lfs.clean"}) {
    out << "git config " << key << " = " << go_quoted(config.get(key).value_or("")) << '\n';
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
