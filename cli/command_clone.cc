// clone (deprecated): git's clone without the filters, then one pull for all files.
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command_functions.h"
#include "cli/pull.h"
#include "cli/workspace.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kReadBytes = 1U << 14U;

bool is_our_option(std::string_view name) {
  return name == "include" || name == "exclude" || name == "skip-repo" || name == "help";
}

const Command* find_row(const Context& context, std::string_view name) {
  const auto found = std::ranges::find(context.commands, name, &Command::name);
  return found == context.commands.end() ? nullptr : &*found;
}

// `git clone` with the options that were meant for it.
lazylfs::Command clone_command(const Context& context, const Arguments& arguments) {
  lazylfs::Command command;
  command.argv = {"git",
                  "-c",
                  "filter.lfs.smudge=",
                  "-c",
                  "filter.lfs.clean=",
                  "-c",
                  "filter.lfs.process=",
                  "-c",
                  "filter.lfs.required=false",
                  "clone"};
  const Command* row = find_row(context, "clone");
  for (const Option& option : row == nullptr ? std::span<const Option>() : row->options) {
    if (is_our_option(option.name)) continue;
    if (option.value_name.empty()) {
      if (arguments.is_set(option.name)) command.argv.push_back("--" + std::string(option.name));
      continue;
    }
    for (const std::string& value : arguments.values(option.name)) {
      command.argv.push_back("--" + std::string(option.name) + '=' + value);
    }
  }
  command.argv.emplace_back("--");
  command.argv.insert(command.argv.end(), arguments.positional.begin(), arguments.positional.end());
  return command;
}

// Where git puts a clone that is given no folder.
std::string folder_of(const Arguments& arguments) {
  if (arguments.positional.size() > 1) return arguments.positional[1];
  std::string url = arguments.positional[0];
  while (url.size() > 1 && url.back() == '/') url.pop_back();
  if (url.ends_with("/.git")) url.erase(url.size() - 5);
  if (url.ends_with(".git")) url.erase(url.size() - 4);
  const std::size_t cut = url.find_last_of("/:");
  std::string name = cut == std::string::npos ? url : url.substr(cut + 1);
  if (arguments.is_set("bare") || arguments.is_set("mirror")) name += ".git";
  return name;
}

// Standard error is the child's own; what it prints is passed on.
Result<int> run_visibly(Context& context, const lazylfs::Command& command) {
  ChildProcess child = TRY(ChildProcess::start(command));
  child.close_stdin();
  std::string buffer(kReadBytes, '\0');
  while (true) {
    const ssize_t got = ::read(child.stdout_fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    context.out << std::string_view(buffer).substr(0, static_cast<std::size_t>(got));
  }
  return child.wait();
}

void warn(Context& context) {
  context.err << "WARNING: `git lfs clone` is deprecated and will not be updated\n"
                 "          with new flags from `git clone`\n"
                 "\n"
                 "`git clone` has been updated in upstream Git to have comparable\n"
                 "speeds to `git lfs clone`.\n";
}

Result<ExitCode> pull_submodules(Context& context, const Workspace& workspace,
                                 const Arguments& arguments) {
  if (!arguments.is_set("recursive") && !arguments.is_set("recurse-submodules")) {
    return ExitCode::ok;
  }
  if (!file_exists(workspace.repository().work_tree() + "/.gitmodules")) return ExitCode::ok;
  const int code = TRY(
      run_visibly(context, workspace.repository().git({"submodule", "foreach", "--recursive",
                                                       "git lfs install --local; git lfs pull"})));
  return code == 0 ? ExitCode::ok : ExitCode::fatal;
}

}  // namespace

Result<ExitCode> run_clone(Context& context, const Arguments& arguments) {
  warn(context);
  const int code = TRY(run_visibly(context, clone_command(context, arguments)));
  if (code != 0) {
    context.err << "Error(s) during clone:\n`git clone` failed: exit status " << code << '\n';
    return ExitCode::fatal;
  }
  const std::string folder = folder_of(arguments);
  if (::chdir(folder.c_str()) != 0) {
    return Error::from_errno("Unable to change directory to clone dir \"" + folder + '"', errno);
  }
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* failed = std::get_if<ExitCode>(&opened)) return *failed;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  const bool has_commit = workspace.repository().resolve_commit("HEAD").has_value();
  if (has_commit) {
    const bool no_files = arguments.is_set("no-checkout") || workspace.repository().is_bare();
    const auto include = arguments.value("include");
    const auto exclude = arguments.value("exclude");
    const auto filter = lfs::PathFilter::from(workspace.config(), include ? &*include : nullptr,
                                              exclude ? &*exclude : nullptr, true);
    const ExitCode pulled = TRY(pull_head(context, workspace, workspace.remote(), filter,
                                          no_files ? PullInto::store : PullInto::work_tree));
    if (pulled != ExitCode::ok) return pulled;
    const ExitCode below =
        no_files ? ExitCode::ok : TRY(pull_submodules(context, workspace, arguments));
    if (below != ExitCode::ok) return below;
  }
  if (arguments.is_set("skip-repo") || find_row(context, "update") == nullptr) return ExitCode::ok;
  // Says what it does to nobody: upstream's clone is silent about hooks.
  std::ostringstream unheard;
  Context quiet{
      .out = unheard, .err = context.err, .metrics = context.metrics, .commands = context.commands};
  return run_command_line(quiet, std::vector<std::string>{"update"});
}

}  // namespace lazylfs::cli
