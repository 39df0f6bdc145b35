#include "cli/environment_report.h"

#include <unistd.h>

#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::cli {

std::string git_version_line() {
  lazylfs::Command command;
  command.argv = {"git", "--version"};
  const auto text = run_command_checked(command);
  if (!text) return "Error getting git version: " + text.error().message();
  return std::string(trim(*text));
}

std::vector<std::string> environment_lines(const Workspace* workspace) {
  std::vector<std::string> lines;
  if (workspace != nullptr) {
    lines.push_back("LocalWorkingDir=" + workspace->repository().work_tree());
    lines.push_back("LocalGitDir=" + workspace->repository().git_folder());
  }
  return lines;
}

}  // namespace lazylfs::cli
