// The commands for file locks, and the hooks that keep lockable files read-only.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr Option kJson{.name = "json",
                       .letter = 'j',
                       .help =
                           "Write lock info as JSON to standard output if the command exits "
                           "successfully; messages of failures are plain text."};
constexpr Option kRef{.name = "ref",
                      .value_name = "<refspec>",
                      .help =
                          "The ref that the lock belongs to; default what the current branch is "
                          "pushed to."};
constexpr Option kRemote{.name = "remote",
                         .letter = 'r',
                         .value_name = "<remote>",
                         .help =
                             "Specify the Git LFS server to use. Ignored if the lfs.url config key "
                             "is set."};

constexpr auto kLockOptions = std::to_array<Option>({kJson, kRef, kRemote});
constexpr auto kLocksOptions = std::to_array<Option>({
    {.name = "cached",
     .help = "List the locks that the last full listing brought, of other users, too. For when you "
             "are offline: the server may have changed meanwhile."},
    {.name = "id",
     .letter = 'i',
     .value_name = "<id>",
     .help = "Specify a lock by its ID. Returns a single result."},
    kJson,
    {.name = "limit",
     .letter = 'l',
     .value_name = "<limit>",
     .help = "Maximum number of results to return."},
    {.name = "local",
     .help = "List only our own locks which are cached locally. Skips a remote call."},
    {.name = "path",
     .letter = 'p',
     .value_name = "<path>",
     .help = "Specify a lock by its path. Returns a single result."},
    kRef,
    kRemote,
    {.name = "verify",
     .help = "Verify the lock owner on the server and mark our own locks with O."},
});
constexpr auto kUnlockOptions = std::to_array<Option>({
    {.name = "force",
     .letter = 'f',
     .help = "Tell the server to remove the lock, even if it's owned by another user; and unlock a "
             "file with uncommitted changes."},
    {.name = "id",
     .letter = 'i',
     .value_name = "<id>",
     .help = "Specify a lock by its ID instead of its path."},
    kJson,
    kRef,
    kRemote,
});

constexpr std::string_view kLockHelp =
    R"(Sets the given file path as "locked" against the Git LFS server, with the intention of blocking
attempts by other users to update the given path. The file becomes writable.

Once locked, LFS will verify that Git pushes do not modify files locked by other users. See
lfs.<url>.locksverify in git-lfs-config(5) for details.

    git lfs lock images/logo.psd)";

constexpr std::string_view kLocksHelp =
    R"(Lists current locks from the Git LFS server. Without filters, all locks visible on the remote are
shown.

With --verify, own locks are held by us and the corresponding files can be updated for the next
push; all others are held by someone else. Contrary to --local, this also detects locks held by us
despite no local lock information being available (for example because the file was locked from a
different clone), and "broken" locks (someone else forcibly unlocked our files). It cannot be
combined with --local, --path or --id.

--cached cannot be combined with --local, --limit, --path or --id.

    git lfs locks --verify)";

constexpr std::string_view kUnlockHelp =
    R"(Removes the given file path as "locked" on the Git LFS server. Files must have a clean git status
before they can be unlocked; --force skips this check. Lockable files become read-only.

Exactly one of --id or a set of paths must be provided.

    git lfs unlock images/logo.psd)";

constexpr std::string_view kHookHelp =
    "Makes sure that files which git lfs track marked as lockable are read-only in the working "
    "copy, if not\ncurrently locked by the local user. Does nothing when lfs.setlockablereadonly "
    "is "
    "false.";

constexpr auto kRows = std::to_array<Command>({
    {.name = "lock",
     .usage = "[options] <path>...",
     .summary = "Set a file as \"locked\" on the Git LFS server",
     .options = kLockOptions,
     .help = kLockHelp,
     .run = run_lock},
    {.name = "locks",
     .usage = "[options]",
     .summary = "Lists currently locked files from the Git LFS server",
     .options = kLocksOptions,
     .help = kLocksHelp,
     .run = run_locks},
    {.name = "unlock",
     .usage = "[options] <path>...",
     .summary = "Remove \"locked\" setting for a file on the Git LFS server",
     .options = kUnlockOptions,
     .help = kUnlockHelp,
     .run = run_unlock},
    {.name = "post-checkout",
     .usage = "<rev-before> <ref-after> <is-branch-checkout>",
     .summary = "Git post-checkout hook implementation",
     .options = {},
     .help = kHookHelp,
     .run = run_post_checkout},
    {.name = "post-commit",
     .usage = "",
     .summary = "Git post-commit hook implementation",
     .options = {},
     .help = kHookHelp,
     .run = run_post_commit},
    {.name = "post-merge",
     .usage = "<is-squash>",
     .summary = "Git post-merge hook implementation",
     .options = {},
     .help = kHookHelp,
     .run = run_post_merge},
});

}  // namespace

std::span<const Command> locks_rows() { return kRows; }

}  // namespace lazylfs::cli
