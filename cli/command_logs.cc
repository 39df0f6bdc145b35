// logs: the error logs of the repository, <lfs>/logs/*.log.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/command_functions.h"
#include "cli/workspace.h"
#include "lfs/base/files.h"
#include "lfs/base/handle.h"

namespace lazylfs::cli {
namespace {

using Folder = Handle<DIR, ::closedir>;
constexpr std::size_t kLogBytesMax = 64U << 20U;

// Outside of a repository there are no logs, which is no error.
Result<std::unique_ptr<Workspace>> open_workspace(Context& context) {
  auto opened = TRY(Workspace::open(context, Need::nothing, false));
  return std::move(std::get<std::unique_ptr<Workspace>>(opened));
}

// By name, hence by time.
std::vector<std::string> log_names(const Workspace* workspace) {
  std::vector<std::string> names;
  if (workspace == nullptr) return names;
  const Folder folder(::opendir(workspace->store().log_folder().c_str()));
  if (!folder) return names;
  while (const dirent* entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string name = entry->d_name;
    if (name.starts_with('.') || is_folder(workspace->store().log_folder() + '/' + name)) continue;
    names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Result<ExitCode> show(Context& context, const Workspace* workspace, const std::string& name) {
  // A log's name is no path: nothing but the folder's own files is shown.
  const bool is_name = workspace != nullptr && name.find('/') == std::string::npos;
  const Result<std::string> text =
      is_name ? read_file(workspace->store().log_folder() + '/' + name, kLogBytesMax)
              : Result<std::string>(Error(Errc::not_found, name));
  if (!text) {
    context.err << "Error reading log: " << name << '\n';
    return ExitCode::fatal;
  }
  context.out << *text;
  return ExitCode::ok;
}

Result<void> remove_tree(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode)) {
    std::vector<std::string> names;
    if (const Folder folder(::opendir(path.c_str())); folder) {
      while (const dirent* entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
      }
    }
    for (const std::string& name : names) TRY(remove_tree(path + '/' + name));
    if (::rmdir(path.c_str()) == 0) return {};
  } else if (::unlink(path.c_str()) == 0) {
    return {};
  }
  return Error::from_errno("remove " + path, errno);
}

}  // namespace

Result<ExitCode> run_logs(Context& context, const Arguments&) {
  const std::unique_ptr<Workspace> workspace = TRY(open_workspace(context));
  for (const std::string& name : log_names(workspace.get())) context.out << name << '\n';
  return ExitCode::ok;
}

Result<ExitCode> run_logs_last(Context& context, const Arguments&) {
  const std::unique_ptr<Workspace> workspace = TRY(open_workspace(context));
  const std::vector<std::string> names = log_names(workspace.get());
  if (!names.empty()) return show(context, workspace.get(), names.back());
  context.out << "No logs to show\n";
  return ExitCode::ok;
}

Result<ExitCode> run_logs_show(Context& context, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    context.out << "Supply a log name.\n";
    return ExitCode::ok;
  }
  const std::unique_ptr<Workspace> workspace = TRY(open_workspace(context));
  return show(context, workspace.get(), arguments.positional[0]);
}

Result<ExitCode> run_logs_clear(Context& context, const Arguments&) {
  const std::unique_ptr<Workspace> workspace = TRY(open_workspace(context));
  if (!workspace) return ExitCode::ok;
  const std::string folder = workspace->store().log_folder();
  TRY_CONTEXT("Error clearing " + folder, remove_tree(folder));
  context.out << "Cleared " << folder << '\n';
  return ExitCode::ok;
}

Result<ExitCode> run_logs_boomtown(Context& context, const Arguments&) {
  auto opened = TRY(Workspace::open(context, Need::repository, false));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  return report_panic(context, *workspace, Error(Errc::io, "Sample panic message"));
}

}  // namespace lazylfs::cli
