// `gc`: everything that keeps storage small without being asked what for.
#pragma once

#include <cstdint>

#include "cache/cache.h"
#include "cli/settings.h"
#include "cli/workspace.h"

namespace lazylfs::cli {

struct GcOutcome {
  bool ran = false;  // false: it was not due
  cache::GcReport cache;
  std::uint64_t leftover_bytes = 0;  // of killed processes, in the repository's store
  std::size_t pruned_objects = 0;
  std::uint64_t pruned_bytes = 0;
  ExitCode code = ExitCode::ok;
};

struct GcRequest {
  bool only_when_due = false;
  bool dry_run = false;
};

// Keeps the shared cache within its limits; with a `workspace` (may be null), sweeps its store and,
// where lfs.gc.prune says so, prunes it. What prune prints goes to `context`.
Result<GcOutcome> collect(Context& context, const Settings& settings, Workspace* workspace,
                          const GcRequest& request);

// After a fetch or pull, where lfs.gc.auto says so. Says nothing unless something was freed; never
// fails. Costs a look at the configuration otherwise.
void collect_after_transfer(Context& context, Workspace& workspace);

}  // namespace lazylfs::cli
