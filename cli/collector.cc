// Whether it is due is told by the time of an empty file, gc-last, in the repository's LFS folder,
// or in the cache's outside of any repository: one stat(2). It is written before the work, so that
// two commands that end at the same time do it once, and a collection that fails is not tried by
// every command.
#include "cli/collector.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>
#include <sstream>

#include "cli/output.h"
#include "cli/pruner.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/upkeep/object_walk.h"
#include "lfs/upkeep/prune.h"

namespace lazylfs::cli {
namespace {

constexpr std::int64_t kHoursDefault = 24;
constexpr std::int64_t kSecondsPerHour = 3600;

std::string stamp_path(const Settings& settings, const Workspace* workspace) {
  return (workspace != nullptr ? workspace->store().folder() : settings.cache_folder()) +
         "/gc-last";
}

bool is_due(const std::string& stamp, const lfs::Config& config) {
  struct stat status {};
  if (::stat(stamp.c_str(), &status) != 0) return true;
  const std::int64_t hours = config.get_int("lfs.gc.interval", kHoursDefault);
  const std::int64_t age = std::time(nullptr) - status.st_mtime;
  return age < 0 || age >= hours * kSecondsPerHour;
}

Result<void> collect_repository(Context& context, Workspace& workspace, const GcRequest& request,
                                GcOutcome& outcome) {
  if (!workspace.config().get_bool("lfs.gc.prune", false)) {
    const lfs::StoreListing listing = TRY(lfs::list_store(workspace.store().folder() + "/objects"));
    outcome.leftover_bytes =
        lfs::sweep_leftovers(workspace.store(), listing.unfinished, request.dry_run);
    return {};
  }
  PruneRequest prune_request = default_prune_request(workspace.config());
  prune_request.dry_run = request.dry_run;
  const PruneResult pruned = TRY(prune(context, workspace, prune_request));
  outcome.pruned_objects = pruned.objects;
  outcome.pruned_bytes = pruned.bytes;
  outcome.leftover_bytes = pruned.leftover_bytes;
  outcome.code = pruned.code;
  return {};
}

}  // namespace

Result<GcOutcome> collect(Context& context, const Settings& settings, Workspace* workspace,
                          const GcRequest& request) {
  GcOutcome outcome;
  const std::string stamp = stamp_path(settings, workspace);
  const lfs::Config& config = workspace != nullptr ? workspace->config() : settings.config();
  if (request.only_when_due && !is_due(stamp, config)) return outcome;
  outcome.ran = true;
  if (!request.dry_run) {
    const Result<void> noted = write_file_atomically(stamp, "");
    if (!noted) TRACE(TraceArea::general, "gc: " << noted.error().message());
  }
  outcome.cache = TRY(TRY(settings.open_cache(context.metrics))->gc(request.dry_run));
  if (workspace != nullptr) TRY(collect_repository(context, *workspace, request, outcome));
  return outcome;
}

void collect_after_transfer(Context& context, Workspace& workspace) {
  if (!workspace.config().get_bool("lfs.gc.auto", false)) return;
  std::ostringstream unheard;
  Context quiet{unheard, context.err, context.metrics, context.commands};
  const Result<Settings> settings = Settings::load(Arguments());
  const Result<GcOutcome> outcome =
      settings ? collect(quiet, *settings, &workspace, {.only_when_due = true}) : settings.error();
  if (!outcome) {
    context.err << "warning: gc: " << outcome.error().message() << '\n';
    return;
  }
  const std::uint64_t freed = outcome->cache.bytes_freed + outcome->pruned_bytes;
  if (freed > 0) context.err << "gc: " << format_size(freed) << " freed\n";
}

}  // namespace lazylfs::cli
