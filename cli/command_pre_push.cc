// pre-push: what git's hook of that name calls; git tells on stdin what it is about to push.
#include <string>

#include "cli/command_functions.h"
#include "cli/object_fetch.h"
#include "cli/object_push.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::cli {
namespace {

// The name of the one remote that has this URL, else the URL.
std::string name_of_remote(const lfs::Config& config, const std::string& url) {
  std::string name;
  for (const lfs::ConfigEntry& entry : config.entries()) {
    const std::string_view key = entry.key;
    constexpr std::string_view kPrefix = "remote.";
    constexpr std::string_view kSuffix = ".url";
    if (entry.value != url || !key.starts_with(kPrefix) || !key.ends_with(kSuffix)) continue;
    if (key.size() <= kPrefix.size() + kSuffix.size()) continue;
    std::string found(key.substr(kPrefix.size(), key.size() - kPrefix.size() - kSuffix.size()));
    if (!name.empty() && name != found) return url;
    name = std::move(found);
  }
  return name.empty() ? url : name;
}

// What is nothing but zeros stands for no commit.
bool is_nothing(std::string_view id) { return id.find_first_not_of('0') == std::string_view::npos; }

// "<local ref> <local id> <remote ref> <remote id>"; nothing for a deletion or a malformed line.
// People call the hook by hand, too, and name commits otherwise than by id.
std::optional<RefUpdate> parse_update(const lfs::Repository& repository, std::string_view line) {
  RefUpdate update;
  update.name = take_until(line, ' ');
  const std::string_view local = take_until(line, ' ');
  update.remote_name = take_until(line, ' ');
  const std::string_view remote = trim(line);
  if (is_nothing(local)) return std::nullopt;
  const Result<lfs::Commit> commit = repository.resolve_commit(local);
  if (!commit) return std::nullopt;
  update.commit = commit->oid;
  if (!is_nothing(remote)) {
    const Result<lfs::Commit> there = repository.resolve_commit(remote);
    if (there && there->oid != update.commit) update.remote_commit = there->oid;
  }
  return update;
}

}  // namespace

Result<ExitCode> run_pre_push(Context& context, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    context.out << "This should be run through Git's pre-push hook.  Run `git lfs update` to "
                   "install it.\n";
    return ExitCode::problem;
  }
  if (is_true(env_or_empty("GIT_LFS_SKIP_PUSH"))) return ExitCode::ok;
  auto opened = TRY(Workspace::open(context, Need::repository, false));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);

  const std::string remote = name_of_remote(workspace.config(), arguments.positional[0]);
  const std::string complaint = remote_complaint(workspace.config(), remote);
  if (!complaint.empty()) {
    context.err << complaint << '\n';
    return ExitCode::fatal;
  }
  std::vector<RefUpdate> updates;
  for (const std::string& line : read_stdin_lines()) {
    TRACE(TraceArea::general, "pre-push: " << line);
    auto update = parse_update(workspace.repository(), line);
    if (update) updates.push_back(std::move(*update));
  }
  if (updates.empty()) return ExitCode::ok;
  return ObjectPush(context, workspace, remote, arguments.is_set("dry-run")).push(updates, false);
}

}  // namespace lazylfs::cli
