// The commands that keep storage small.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr auto kDedupOptions = std::to_array<Option>({
    {.name = "hard-links",
     .help = "Replace files that nobody may write to by hard links of their objects, where the "
             "file system cannot share blocks. Other files are skipped."},
    {.name = "test",
     .letter = 't',
     .help = "Only tell whether this system and repository support it."},
});

constexpr std::string_view kDedupHelp =
    "Let the files of the work tree share their bytes on disk with the objects that they come\n"
    "from (reflinks: btrfs, XFS, bcachefs and others). Nothing else about the files changes, and\n"
    "either can be written to without the other. The work tree must be clean, and no pointer\n"
    "extensions may be configured.\n"
    "\n"
    "With --hard-links, a file and its object become one. That is done only for files without any\n"
    "write permission, such as lockable files that are not locked here, and the object becomes\n"
    "read-only, too. git lfs lock gives such a file bytes of its own before it makes it writable;\n"
    "whoever makes it writable in another way and changes it in place damages the object.\n"
    "\n"
    "    git lfs dedup --test\n"
    "    git lfs dedup";

constexpr auto kGcOptions = std::to_array<Option>({
    {.name = "auto", .help = "Do nothing unless lfs.gc.interval hours have passed."},
    {.name = "dry-run", .letter = 'd', .help = "Delete nothing; tell what would be deleted."},
    {.name = "json", .help = "Print the result as JSON."},
});

constexpr std::string_view kGcHelp =
    "Bring the shared cache within its limits (lfs.cache.size, lfs.cache.minfree), as git lfs\n"
    "cache gc does, and remove what killed processes left in the repository's store. With\n"
    "lfs.gc.prune, also prune the repository as git lfs prune does.\n"
    "\n"
    "With lfs.gc.auto, fetch and pull run it when they have succeeded, at most once in\n"
    "lfs.gc.interval hours.\n"
    "\n"
    "    git lfs gc --dry-run\n"
    "    git config --global lfs.gc.auto true";

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
    {"dedup", "[options]", "De-duplicate Git LFS files", kDedupOptions, kDedupHelp, 0, kAnyCount,
     false, run_dedup},
    {"gc", "[options]", "Keep the cache and the repository's store small", kGcOptions, kGcHelp, 0,
     0, false, run_gc},
    {"prune", "[options]", "Delete old Git LFS files from local storage", kPruneOptions, kPruneHelp,
     0, kAnyCount, false, run_prune},
});

}  // namespace

std::span<const Command> upkeep_rows() { return kRows; }

}  // namespace lazylfs::cli
