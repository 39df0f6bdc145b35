// install and uninstall: the filter's settings in one of Git's configuration files, and the hooks.
#include <unistd.h>

#include <memory>

#include "cli/command_functions.h"
#include "cli/update_hooks.h"
#include "cli/workspace.h"
#include "lfs/install/filter_settings.h"
#include "lfs/install/hooks.h"

namespace lazylfs::cli {
namespace {

using Opened = std::variant<ExitCode, std::unique_ptr<Workspace>>;

// Scopes that belong to a repository.
bool is_of_repository(const Arguments& arguments) {
  return arguments.is_set("local") || arguments.is_set("worktree");
}

Result<lfs::ConfigScope> chosen_scope(Context& context, const Arguments& arguments) {
  const int given =
      static_cast<int>(arguments.is_set("local")) + static_cast<int>(arguments.is_set("worktree")) +
      static_cast<int>(arguments.is_set("system")) + static_cast<int>(arguments.has("file"));
  if (given > 1) {
    return Error(Errc::invalid,
                 "Only one of the --local, --system, --worktree, and --file options can be "
                 "specified.");
  }
  if (arguments.is_set("system") && ::geteuid() != 0) {
    context.out << "warning: current user is not root/admin, system install is likely to fail.\n";
  }
  if (arguments.is_set("local")) return lfs::ConfigScope::local();
  if (arguments.is_set("worktree")) return lfs::ConfigScope::worktree();
  if (arguments.is_set("system")) return lfs::ConfigScope::system();
  if (const auto file = arguments.value("file")) return lfs::ConfigScope::file(*file);
  return lfs::ConfigScope::global();
}

// The repository whose hooks are to be changed, if any. Outside of one that is an error only for
// --local and --worktree.
Result<Opened> open_for_hooks(Context& context, const Arguments& arguments) {
  const bool required = is_of_repository(arguments);
  return Workspace::open(context, required ? Need::repository : Need::nothing, required);
}

}  // namespace

ExitCode update_hooks(Context& context, const lfs::Repository& repository, bool force,
                      bool manual) {
  if (force && manual) {
    context.err << "You cannot use --force and --manual options together\n";
    return ExitCode::fatal;
  }
  if (manual) {
    context.out << lfs::hooks_by_hand(repository) << '\n';
    return ExitCode::ok;
  }
  const Result<void> installed = lfs::install_hooks(repository, force);
  if (installed) {
    context.out << "Updated Git hooks.\n";
    return ExitCode::ok;
  }
  context.err << installed.error().message() << '\n'
              << "To resolve this, either:\n"
                 "  1: run `git lfs update --manual` for instructions on how to merge hooks.\n"
                 "  2: run `git lfs update --force` to overwrite your hook.\n";
  return ExitCode::fatal;
}

Result<ExitCode> run_install(Context& context, const Arguments& arguments) {
  const lfs::ConfigScope scope = TRY(chosen_scope(context, arguments));
  Opened opened = TRY(open_for_hooks(context, arguments));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);

  const bool skip_smudge = arguments.is_set("skip-smudge");
  const Result<void> written = lfs::install_filter(scope, skip_smudge, arguments.is_set("force"));
  if (!written) {
    context.out << "warning: " << written.error().message() << '\n'
                << "Run `git lfs install --force` to reset Git configuration.\n";
    return ExitCode::fatal;
  }
  if (workspace && !arguments.is_set("skip-repo")) {
    const ExitCode code = update_hooks(context, workspace->repository(), arguments.is_set("force"),
                                       arguments.is_set("manual"));
    if (code != ExitCode::ok) return code;
  }
  context.out << "Git LFS initialized.\n";
  return ExitCode::ok;
}

Result<ExitCode> run_install_hooks(Context& context, const Arguments& arguments) {
  Opened opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  return update_hooks(context, workspace->repository(), arguments.is_set("force"),
                      arguments.is_set("manual"));
}

Result<ExitCode> run_uninstall(Context& context, const Arguments& arguments) {
  const lfs::ConfigScope scope = TRY(chosen_scope(context, arguments));
  Opened opened = TRY(open_for_hooks(context, arguments));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);

  const auto left = lfs::uninstall_filter(scope);
  if (!left) {
    context.out << "warning: " << left.error().message() << '\n';
  } else if (!left->empty()) {
    context.out << "warning: some filter configuration was not removed (found " << left->front()
                << ")\n";
  }
  if (workspace && !arguments.is_set("skip-repo")) {
    (void)TRY(run_uninstall_hooks(context, arguments));
  }
  if (!is_of_repository(arguments)) {
    context.out << (arguments.is_set("system") ? "System" : "Global")
                << " Git LFS configuration has been removed.\n";
  }
  return ExitCode::ok;
}

// Outside of a repository there is nothing to remove, which is no failure.
Result<ExitCode> run_uninstall_hooks(Context& context, const Arguments&) {
  Opened opened = TRY(Workspace::open(context, Need::nothing, false));
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  if (workspace) {
    for (const Error& error : lfs::uninstall_hooks(workspace->repository())) {
      context.err << error.message() << '\n';
    }
  } else {
    context.err << "Not in a Git repository\n";
  }
  context.out << "Hooks for this repository have been removed.\n";
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
