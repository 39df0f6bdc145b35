// The commands that keep storage small.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr auto kPruneOptions = std::to_array<Option>({
    {.name = "dry-run",
     .letter = 'd',
     .help = "Don't actually delete anything; just report what would have been done."},
    {.name = "force",
     .letter = 'f',
     .help = "Prune all pushed objects, also those that are checked out. What is unpushed, "
             "stashed or staged, or served by a mount, is kept."},
    {.name = "list-retained", .hidden = true},
    {.name = "no-verify-remote",
     .help = "Override lfs.pruneverifyremotealways and skip the question to the remote."},
    {.name = "no-verify-unreachable",
     .help = "Override lfs.pruneverifyunreachablealways and do not verify objects that no commit "
             "refers to."},
    {.name = "recent",
     .help = "Prune objects also where they are referenced by recent refs or recent commits only."},
    {.name = "verbose",
     .letter = 'v',
     .help = "Report the full detail of what is or would be deleted."},
    {.name = "verify-remote",
     .letter = 'c',
     .help = "Verify with the remote that prunable objects exist there before deleting them."},
    {.name = "verify-unreachable",
     .help = "With --verify-remote, also verify objects that no commit refers to. Without it they "
             "are deleted whether the remote has them or not."},
    {.name = "when-unverified",
     .value_name = "<mode>",
     .help = "What to do when --verify-remote finds objects missing on the remote: halt, the "
             "default, deletes nothing and lists them; continue deletes the others."},
});

constexpr std::string_view kPruneHelp =
    "Delete local copies of objects that are old and no longer needed. Kept is what is needed by\n"
    "the current checkout and every other work tree, what is staged or stashed, what recent refs\n"
    "and commits refer to, what a mount serves, and what was not pushed yet. The reflog is not\n"
    "considered: objects of orphaned commits are deleted.\n"
    "\n"
    "Recent is what git lfs fetch --recent would download (lfs.fetchrecentrefsdays,\n"
    "lfs.fetchrecentremoterefs, lfs.fetchrecentcommitsdays) and lfs.pruneoffsetdays more. A value\n"
    "of 0 days drops the rule.\n"
    "\n"
    "Unpushed is what a local branch or tag leads to and no branch of the remote\n"
    "lfs.pruneremotetocheck (default origin). Without such a remote everything is unpushed.\n"
    "\n"
    "Objects of paths that match lfs.fetchexclude are not kept by the current checkout, other\n"
    "work trees, recent refs and recent commits.\n"
    "\n"
    "Repositories that use the same storage (lfs.storage), or that borrow objects through Git's\n"
    "alternates, are asked what they want to keep; they are known from the first command that "
    "they\n"
    "run. When one of them cannot be read, nothing is deleted.\n"
    "\n"
    "    git lfs prune --dry-run --verbose\n"
    "    git lfs prune --verify-remote";

constexpr auto kRows = std::to_array<Command>({
    {"prune", "[options]", "Delete old Git LFS files from local storage", kPruneOptions, kPruneHelp,
     0, kAnyCount, false, run_prune},
});

}  // namespace

std::span<const Command> upkeep_rows() { return kRows; }

}  // namespace lazylfs::cli
