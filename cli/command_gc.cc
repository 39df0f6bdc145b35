// gc: the shared cache's limits, leftovers, and pruning where the configuration asks for it.
#include <sstream>

#include "cli/collector.h"
#include "cli/command_functions.h"
#include "cli/output.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

void print_report(Context& context, const GcOutcome& outcome, bool dry_run) {
  const char* would = dry_run ? "would be " : "";
  context.out << "cache: " << counted(outcome.cache.objects_removed, "object") << ' ' << would
              << "removed, " << format_size(outcome.cache.bytes_freed) << ' ' << would << "freed\n";
  if (outcome.leftover_bytes > 0) {
    context.out << "leftovers: " << format_size(outcome.leftover_bytes) << ' ' << would
                << "freed\n";
  }
}

Json to_json(const GcOutcome& outcome) {
  Json removed = Json::array();
  for (const Oid& oid : outcome.cache.removed) removed.push_back(oid.hex());
  return {{"ran", outcome.ran},
          {"cache",
           {{"objects_removed", outcome.cache.objects_removed},
            {"bytes_freed", outcome.cache.bytes_freed},
            {"removed", removed}}},
          {"repository",
           {{"objects_pruned", outcome.pruned_objects},
            {"bytes_pruned", outcome.pruned_bytes},
            {"leftover_bytes", outcome.leftover_bytes}}}};
}

}  // namespace

Result<ExitCode> run_gc(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::nothing, false));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const std::unique_ptr<Workspace> workspace =
      std::move(std::get<std::unique_ptr<Workspace>>(opened));
  const Settings settings = TRY(Settings::load(arguments));
  const GcRequest request{.only_when_due = arguments.is_set("auto"),
                          .dry_run = arguments.is_set("dry-run")};
  std::ostringstream unheard;
  const bool json = arguments.is_set("json");
  Context inner{json ? unheard : context.out, context.err,        context.metrics, context.commands,
                context.show_progress,        context.interactive};
  const GcOutcome outcome = TRY(collect(inner, settings, workspace.get(), request));
  if (json) {
    print_json(context.out, to_json(outcome));
  } else if (outcome.ran) {
    print_report(context, outcome, request.dry_run);
  }
  return outcome.code;
}

}  // namespace lazylfs::cli
