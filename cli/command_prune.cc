// prune: removes objects from the repository's store that are old, pushed and not in use.
#include <algorithm>
#include <vector>

#include "cli/command_functions.h"
#include "cli/pruner.h"

namespace lazylfs::cli {
namespace {

// For a prune of another repository that uses the same store.
Result<ExitCode> list_retained(Context& context, const Workspace& workspace) {
  lfs::RetentionOptions options;
  options.unborn_allowed = true;
  for (const Oid& oid : TRY(find_retained(context, workspace, options))) {
    context.out << oid.hex() << '\n';
  }
  context.out << "end\n";
  return ExitCode::ok;
}

}  // namespace

Result<ExitCode> run_prune(Context& context, const Arguments& arguments) {
  if (arguments.is_set("verify-remote") && arguments.is_set("no-verify-remote")) {
    context.err << "Cannot specify both --verify-remote and --no-verify-remote\n";
    return ExitCode::fatal;
  }
  const std::string when = arguments.value_or("when-unverified", "halt");
  if (when != "halt" && when != "continue") {
    context.err << "Invalid value for --when-unverified: " << when << '\n';
    return ExitCode::fatal;
  }
  auto opened = TRY(Workspace::open(context, Need::repository, false));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  if (arguments.is_set("list-retained")) return list_retained(context, workspace);

  PruneRequest request = default_prune_request(workspace.config());
  request.dry_run = arguments.is_set("dry-run");
  request.verbose = arguments.is_set("verbose");
  request.recent = arguments.is_set("recent");
  request.force = arguments.is_set("force");
  request.verify_remote |= arguments.is_set("verify-remote");
  request.verify_remote &= !arguments.is_set("no-verify-remote");
  request.verify_unreachable |= arguments.is_set("verify-unreachable");
  request.verify_unreachable &= !arguments.is_set("no-verify-unreachable");
  request.continue_unverified = when == "continue";
  return TRY(prune(context, workspace, request)).code;
}

}  // namespace lazylfs::cli
