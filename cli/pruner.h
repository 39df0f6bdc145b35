// What `prune`, `fetch --prune` and `gc` share: everything that prune does in one repository.
#pragma once

#include <string>
#include <unordered_set>

#include "cli/workspace.h"
#include "lfs/upkeep/retention.h"

namespace lazylfs::cli {

struct PruneRequest {
  bool dry_run = false, verbose = false;
  bool recent = false, force = false;
  bool verify_remote = false, verify_unreachable = false;
  bool continue_unverified = false;
};

// As the configuration has it.
PruneRequest default_prune_request(const lfs::Config& config);

struct PruneResult {
  ExitCode code = ExitCode::ok;
  std::size_t objects = 0;  // deleted, or that would be
  std::uint64_t bytes = 0;
  std::uint64_t leftover_bytes = 0;
};

// Prints what it does to context.out, as upstream words it; problems are told before it returns.
// Nothing is deleted unless all that is to be kept is known: that of this repository, of its
// mounts, and of every repository that uses the same store.
Result<PruneResult> prune(Context& context, Workspace& workspace, const PruneRequest& request);

// What this repository wants to keep, mounts and pins included.
Result<std::unordered_set<Oid>> find_retained(Context& context, const Workspace& workspace,
                                              lfs::RetentionOptions options);

}  // namespace lazylfs::cli
