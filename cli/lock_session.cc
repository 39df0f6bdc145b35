#include "cli/lock_session.h"

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

// Without symbolic links, as far as the path exists.
std::string canonical(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, failed);
  return failed ? absolute_path(path) : real.string();
}

}  // namespace

LockSession::LockSession(std::unique_ptr<Workspace> workspace, std::string remote, std::string ref)
    : workspace_(std::move(workspace)),
      ref_(std::move(ref)),
      cache_(workspace_->store().folder()),
      client_(std::make_unique<lfs::LockClient>(workspace_->transfers(), std::move(remote), ref_)) {
}

Result<std::variant<ExitCode, LockSession>> LockSession::open(Context& context,
                                                              const Arguments& arguments,
                                                              Need need) {
  using Opened = std::variant<ExitCode, LockSession>;
  auto opened = TRY(Workspace::open(context, need, false));
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return Opened(*code);
  auto workspace = std::get<1>(std::move(opened));
  std::string remote = arguments.value("remote").value_or("");
  if (remote.empty()) remote = workspace->remote(true);
  std::string ref = arguments.value("ref").value_or("");
  if (ref.empty()) {
    ref = lfs::lock_ref(workspace->config(), remote, workspace->repository().current_branch());
  }
  return Opened(LockSession(std::move(workspace), std::move(remote), std::move(ref)));
}

// The folder that we are in is taken without links, the rest as written: a file that is a link is
// locked by its own name.
Result<std::string> LockSession::relative_path(const std::string& path) const {
  std::string whole = path.starts_with('/') ? canonical(parent_path(path)) + '/' + base_name(path)
                                            : std::filesystem::current_path().string() + '/' + path;
  whole = absolute_path(whole);
  const std::string root = canonical(workspace_->repository().work_tree());
  std::string relative = std::filesystem::path(whole).lexically_relative(root).generic_string();
  if (relative.empty() || relative.starts_with("../")) {
    return Error(Errc::invalid, "unable to canonicalize path \"" + relative + "\"");
  }
  return relative;
}

Result<std::string> LockSession::path_of(const std::string& path) const {
  std::string relative = TRY(relative_path(path));
  if (is_folder(workspace_->repository().work_tree() + '/' + relative)) {
    return Error(Errc::invalid, "cannot lock directory: " + path);
  }
  return relative;
}

Result<bool> LockSession::is_modified(const std::string& path) const {
  lazylfs::Command command;
  command.argv = {"git", "status", "--porcelain", "-z", "--", ":(top,literal)" + path};
  command.folder = workspace_->repository().work_tree();
  const std::string listed = TRY(run_command_checked(command));
  // Each entry is "XY path", and a renamed one is followed by its old name.
  for (std::string_view rest = listed; !rest.empty();) {
    const std::string_view entry = take_until(rest, '\0');
    if (entry.size() > 3 && entry.substr(3) == path) return true;
  }
  return false;
}

void hint_at_agents(Context& context, const Error& error) {
  if (error.message().find("missing protocol: \"file://") == std::string::npos) return;
  context.err << "\nhint: The remote resolves to a file:// URL, which can only work with a\n"
                 "hint: standalone transfer agent.  See section \"Using a Custom Transfer Type\n"
                 "hint: without the API server\" in custom-transfers.md for details.\n";
}

}  // namespace lazylfs::cli
