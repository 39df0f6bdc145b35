// The commands of the mount and of the cache.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr Option kJson{.name = "json", .letter = 'j', .help = "Print JSON for scripts."};
constexpr Option kRef{.name = "ref",
                      .value_name = "<ref>",
                      .help =
                          "The branch, tag or commit that paths are looked up in; default HEAD, "
                          "in a mount its commit."};
constexpr Option kRepo{.name = "repo",
                       .value_name = "<folder>",
                       .help = "The clone that paths belong to; default the current folder's."};
constexpr Option kCache{.name = "cache",
                        .value_name = "<folder>",
                        .help = "The cache; default $LAZYLFS_CACHE, then lfs.cache.folder."};
constexpr Option kDryRun{.name = "dry-run", .letter = 'd', .help = "Change nothing, only report."};

constexpr auto kJsonOnly = std::to_array<Option>({kCache, kJson});
constexpr auto kTargetOptions = std::to_array<Option>({kCache, kJson, kRef, kRepo});
constexpr auto kEvictOptions = std::to_array<Option>(
    {{.name = "all", .letter = 'a', .help = "Every object that is not pinned."},
     kCache,
     kJson,
     kRef,
     kRepo});
constexpr auto kGcOptions = std::to_array<Option>({kCache, kDryRun, kJson});
constexpr auto kLsOptions = std::to_array<Option>({
    kCache,
    kJson,
    {.name = "long", .letter = 'l', .help = "Show whole object ids."},
    {.name = "pinned", .help = "Only pinned objects."},
    {.name = "state",
     .value_name = "<state>",
     .help = "Only objects in this state.",
     .choices = "partial|complete|quarantined|remote"},
});
constexpr auto kMountOptions = std::to_array<Option>({
    {.name = "all-refs",
     .help = "Add .at/<branch, tag or commit>/ at the root: every revision, side by side."},
    {.name = "allow-other", .help = "Let other users read the mount."},
    kCache,
    {.name = "cache-size",
     .value_name = "<size>",
     .help = "The cache's limit for this mount, as 200GiB; default lfs.cache.size."},
    {.name = "follow", .help = "Move to the ref's new commit when it changes."},
    {.name = "follow-interval",
     .value_name = "<time>",
     .help = "How often --follow looks, as 30s or 500ms; default 2s."},
    {.name = "foreground",
     .letter = 'f',
     .help = "Serve in this process until unmounted, for supervisors and debugging."},
    {.name = "gid", .value_name = "<number>", .help = "The group that files seem to belong to."},
    {.name = "no-exec", .help = "Let no program be run from the mount."},
    {.name = "offline", .help = "Never use the network: what is not cached cannot be read."},
    {.name = "passthrough",
     .value_name = "auto|off",
     .help = "Whether the kernel may read complete objects by itself.",
     .choices = "auto|off"},
    {.name = "read-deadline",
     .value_name = "<time>",
     .help = "A read fails with ETIMEDOUT after so long without a new byte; default 60s."},
    {.name = "ref", .value_name = "<ref>", .help = "What to show; default HEAD."},
    {.name = "remote",
     .value_name = "<name>",
     .help = "The remote whose LFS server has the objects."},
    {.name = "shown-source", .value_name = "<text>", .hidden = true},
    {.name = "small-files",
     .help = "For trees of many small files: opening costs no round trip; no passthrough."},
    {.name = "subdir", .value_name = "<path>", .help = "Show only this folder of the tree."},
    {.name = "uid", .value_name = "<number>", .help = "The user that files seem to belong to."},
    {.name = "ready-fd", .value_name = "<number>", .hidden = true},
});
constexpr auto kMountsOptions = std::to_array<Option>(
    {kCache, kJson, {.name = "stats", .help = "With --json: add each daemon's counters."}});
constexpr auto kPrefetchOptions =
    std::to_array<Option>({kCache,
                           kJson,
                           {.name = "pin", .help = "Also protect the objects from eviction."},
                           kRef,
                           kRepo});
constexpr auto kUnmountOptions = std::to_array<Option>({
    {.name = "all", .letter = 'a', .help = "Every mount of this user's cache."},
    kCache,
    {.name = "lazy", .letter = 'z', .help = "Detach at once, also when files are open."},
});

constexpr std::string_view kTargetsHelp =
    "Objects are named by their id (or a beginning of it that no other cached object has), by a\n"
    "path inside a mount, or by a path or pattern in a clone. A folder means every LFS file below\n"
    "it; a pattern without a slash matches names at any depth, ** matches any number of folders.";

constexpr std::string_view kMountHelp =
    "Shows the repository's tree at <mountpoint>, read-only. A pointer file reads as its content:\n"
    "bytes are fetched when something reads them and kept in a cache that all mounts share.\n"
    "<repository> is a clone, bare or not, or a URL, which git clones without its file contents.\n"
    "The command returns when the mount can be used; a daemon serves it until it is unmounted.\n"
    "\n"
    "    git lfs mount https://example.org/team/data.git /mnt/data\n"
    "    git lfs mount --ref v1.0 ~/clone /mnt/v1\n"
    "\n"
    "A failed read has an honest error: EACCES (credentials refused), ENODATA (the server lacks\n"
    "the object), ETIMEDOUT, EHOSTUNREACH (offline), EBADMSG (the bytes do not match the object\n"
    "id), ENOSPC (the cache is full). 'git lfs why <path>' tells the story.";

constexpr std::string_view kMountsHelp =
    "Lists this user's mounts, also those whose daemon has died (shown as stale; 'git lfs "
    "unmount'\n"
    "removes them, and mounting there again heals them).\n"
    "\n"
    "With --json: an array of objects with mountpoint, source, repository, ref, commit, subdir,\n"
    "pid, started (seconds since 1970), follow, all_refs, offline, alive, log_file and socket.";

constexpr std::string_view kStatusHelp =
    "What a mount is fetching just now is counted within two seconds.\n"
    "\n"
    "With --json: folder, objects, complete, partial, quarantined, pinned, bytes, size_max (0: no\n"
    "limit), free_space and free_space_min.";

constexpr std::string_view kLsHelp =
    "One line an object, most recently used first: state, bytes in the cache, size, last use, id;\n"
    "'*' marks pinned objects. What a mount is fetching just now appears within two seconds.\n"
    "\n"
    "With --json: an array of objects with oid, size, state, cached_bytes, pinned, last_used\n"
    "(seconds since 1970) and path (of the complete file, or null).";

constexpr std::string_view kVerifyHelp =
    "Hashes what is on disk again: all objects, or those named. What does not match its id is set\n"
    "aside, or only the bad blocks are dropped where the rest can be proved; the next read "
    "fetches\n"
    "afresh. Exits with 1 when anything was wrong.\n"
    "\n"
    "With --json: objects_checked, bytes_checked, corrupt and repaired (arrays of ids).";

constexpr std::string_view kPrefetchHelp =
    "Fetches whole objects into the cache before they are read, several at a time; what is partly\n"
    "here is completed, not fetched again. Paths are those of a mount or of a clone; a folder "
    "means\n"
    "every LFS file below it, a pattern without a slash matches names at any depth.\n"
    "\n"
    "    git lfs prefetch models '*.parquet'\n"
    "\n"
    "Exits with 2 when an object could not be fetched. With --json: objects, bytes, and failures\n"
    "(an array of oid, path and error).";

constexpr std::string_view kWhyHelp =
    "Tells what is known about a path's content: its object, how much of it is in the cache, and\n"
    "how the last attempt to fetch it failed. The path is one in a mount or in a clone.\n"
    "\n"
    "With --json: path, oid, size, state, cached_bytes, commit and last_error (null when there "
    "was\n"
    "none).";

constexpr auto kRows = std::to_array<Command>({
    {"cache",
     "<command>",
     "Inspect and steer the cache",
     {},
     "One cache serves all mounts and commands of a user, of all repositories. It is a folder:\n"
     "complete objects are plain files there, partly fetched ones hold only what was read.",
     0,
     0,
     false,
     nullptr},
    {"cache evict", "[options] <object or path>... | --all", "Remove objects from the cache",
     kEvictOptions, kTargetsHelp, 0, kAnyCount, false, run_cache_evict},
    {"cache gc", "[options]", "Make room until the cache's limits hold", kGcOptions,
     "Removes what was used longest ago, never what is pinned, and leftovers of processes that\n"
     "died. With --json: objects_removed, bytes_freed and removed (an array of ids).",
     0, 0, false, run_cache_gc},
    {"cache ls", "[options]", "List the objects in the cache", kLsOptions, kLsHelp, 0, 0, false,
     run_cache_ls},
    {"cache path", "[options] <object or path>...", "Print where complete objects lie",
     kTargetOptions,
     "Prints the path of each object's verified file, to be read and not written. Exits with 1\n"
     "when one is not complete.",
     1, kAnyCount, false, run_cache_path},
    {"cache pin", "[options] <object or path>...", "Protect objects from eviction", kTargetOptions,
     kTargetsHelp, 1, kAnyCount, false, run_cache_pin},
    {"cache status", "[options]", "Show the cache's size and limits", kJsonOnly, kStatusHelp, 0, 0,
     false, run_cache_status},
    {"cache unpin", "[options] <object or path>...", "Let objects be evicted again", kTargetOptions,
     kTargetsHelp, 1, kAnyCount, false, run_cache_unpin},
    {"cache verify", "[options] [<object or path>...]", "Hash the cache's objects again",
     kTargetOptions, kVerifyHelp, 0, kAnyCount, false, run_cache_verify},
    {"mount", "[options] <repository> <mountpoint>", "Show a repository with its content",
     kMountOptions, kMountHelp, 2, 2, false, run_mount},
    {"mounts", "[options]", "List this user's mounts", kMountsOptions, kMountsHelp, 0, 0, false,
     run_mounts},
    {"prefetch", "[options] <path or pattern>...", "Fetch objects before they are read",
     kPrefetchOptions, kPrefetchHelp, 1, kAnyCount, false, run_prefetch},
    {"unmount", "[options] <mountpoint>... | --all", "Take mounts down", kUnmountOptions,
     "Waits until the daemon has ended. A mount with open files is busy: close them, or use "
     "--lazy.",
     0, kAnyCount, false, run_unmount},
    {"why", "[options] <path>...", "Tell why a path can or cannot be read", kTargetOptions,
     kWhyHelp, 1, kAnyCount, false, run_why},
});

}  // namespace

std::span<const Command> mount_rows() { return kRows; }

}  // namespace lazylfs::cli
