// The commands that move objects.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr Option kInclude{.name = "include",
                          .letter = 'I',
                          .value_name = "<paths>",
                          .help = "Specify lfs.fetchinclude just for this invocation."};
constexpr Option kExclude{.name = "exclude",
                          .letter = 'X',
                          .value_name = "<paths>",
                          .help = "Specify lfs.fetchexclude just for this invocation."};

constexpr auto kCheckoutOptions = std::to_array<Option>({
    {.name = "base", .help = "Check out the merge base of the specified file."},
    {.name = "ours",
     .help = "Check out our side (that of the current branch) of the conflict for the specified "
             "file."},
    {.name = "theirs",
     .help = "Check out their side (that of the other branch) of the conflict for the specified "
             "file."},
    {.name = "to",
     .value_name = "<file>",
     .help = "If the working tree is in a conflicted state, check out the portion of the conflict "
             "specified by --base, --ours, or --theirs to the given path. Exactly one of these "
             "options is required."},
});

constexpr auto kFetchOptions = std::to_array<Option>({
    {.name = "all",
     .letter = 'a',
     .help = "Download all objects that are referenced by any commit reachable from the refs "
             "provided as arguments; all refs if none are provided. Ignores configured include and "
             "exclude paths."},
    {.name = "dry-run",
     .letter = 'd',
     .help = "Print what would be fetched, without actually fetching anything."},
    kExclude,
    kInclude,
    {.name = "json",
     .letter = 'j',
     .help = "Write the details of all object transfer requests as JSON to standard output."},
    {.name = "prune",
     .letter = 'p',
     .help = "Prune old and unreferenced objects after fetching, equivalent to running git lfs "
             "prune afterwards."},
    {.name = "recent",
     .letter = 'r',
     .help = "Download objects referenced by recent branches and commits in addition to those that "
             "would otherwise be downloaded."},
    {.name = "refetch", .help = "Also fetch objects that are already present locally."},
    {.name = "stdin",
     .help = "Read a list of newline-delimited refs from standard input instead of the command "
             "line."},
});

constexpr auto kPullOptions = std::to_array<Option>({kExclude, kInclude});

constexpr auto kPushOptions = std::to_array<Option>({
    {.name = "all",
     .letter = 'a',
     .help = "Push all objects reachable from the refs given as arguments; from all local branches "
             "and tags if none are given."},
    {.name = "dry-run",
     .letter = 'd',
     .help = "Print the files that would be pushed, without actually pushing them."},
    {.name = "object-id",
     .letter = 'o',
     .help = "Push only the object OIDs listed on the command line (or read from stdin with "
             "--stdin), separated by spaces."},
    {.name = "stdin",
     .help = "Read newline-delimited refs (or object IDs when using --object-id) from standard "
             "input instead of the command line."},
});

constexpr auto kPrePushOptions = std::to_array<Option>({
    {.name = "dry-run",
     .letter = 'd',
     .help = "Print the files that would be pushed, without actually pushing them."},
});

// Ours first; the rest is git's, passed on.
constexpr auto kCloneOptions = std::to_array<Option>({
    kExclude,
    kInclude,
    {.name = "skip-repo", .help = "Do not install the hooks in the repository."},
    {.name = "bare", .hidden = true},
    {.name = "branch", .letter = 'b', .value_name = "<name>", .hidden = true},
    {.name = "config", .letter = 'c', .value_name = "<key>=<value>", .hidden = true},
    {.name = "depth", .value_name = "<n>", .hidden = true},
    {.name = "dissociate", .hidden = true},
    {.name = "ipv4", .hidden = true},
    {.name = "ipv6", .hidden = true},
    {.name = "jobs", .letter = 'j', .value_name = "<n>", .hidden = true},
    {.name = "local", .letter = 'l', .hidden = true},
    {.name = "mirror", .hidden = true},
    {.name = "no-checkout", .letter = 'n', .hidden = true},
    {.name = "no-hardlinks", .hidden = true},
    {.name = "no-shallow-submodules", .hidden = true},
    {.name = "no-single-branch", .hidden = true},
    {.name = "origin", .letter = 'o', .value_name = "<name>", .hidden = true},
    {.name = "progress", .hidden = true},
    {.name = "quiet", .letter = 'q', .hidden = true},
    {.name = "recurse-submodules", .hidden = true},
    {.name = "recursive", .hidden = true},
    {.name = "reference", .value_name = "<repository>", .hidden = true},
    {.name = "reference-if-able", .value_name = "<repository>", .hidden = true},
    {.name = "separate-git-dir", .value_name = "<folder>", .hidden = true},
    {.name = "shallow-exclude", .value_name = "<ref>", .hidden = true},
    {.name = "shallow-since", .value_name = "<date>", .hidden = true},
    {.name = "shallow-submodules", .hidden = true},
    {.name = "shared", .letter = 's', .hidden = true},
    {.name = "single-branch", .hidden = true},
    {.name = "template", .value_name = "<folder>", .hidden = true},
    {.name = "upload-pack", .letter = 'u', .value_name = "<program>", .hidden = true},
    {.name = "verbose", .letter = 'v', .hidden = true},
});

constexpr std::string_view kCheckoutHelp =
    "Try to ensure that the working copy contains file content for Git LFS objects for the "
    "current\n"
    "ref, if the object data is available. Does not download any content; see git-lfs-fetch(1) "
    "for\n"
    "that.\n"
    "\n"
    "Where a file is either missing in the working copy, or contains placeholder pointer content\n"
    "with the same SHA, the real file content is written, provided we have it in the local store.\n"
    "Modified files are never overwritten. Paths and gitignore(5) patterns restrict the set of\n"
    "files.\n"
    "\n"
    "    git lfs checkout path/to/file1.png 'path/**/*.bin'\n"
    "    git lfs checkout --to theirs.dat --theirs path/to/conflicting/file.dat\n"
    "\n"
    "In a bare repository, this command prints an informational message and exits without\n"
    "modifying anything.";

constexpr std::string_view kFetchHelp =
    "Download Git LFS objects at the given refs from the specified remote; by default, for the\n"
    "current ref from the remote that it tracks, or origin. This does not update the working\n"
    "copy; see git-lfs-pull(1) and git-lfs-checkout(1).\n"
    "\n"
    "Only objects of paths that match lfs.fetchinclude, if it is set, and do not match\n"
    "lfs.fetchexclude are fetched. --include and --exclude replace these settings.\n"
    "\n"
    "<ref>:<path> is one file of a ref, or all files below one of its folders, whatever these\n"
    "settings are; no other part of the tree is read.\n"
    "\n"
    "With --recent (or lfs.fetchrecentalways=true), the branches with commits within\n"
    "lfs.fetchrecentrefsdays (7) are fetched, too, those of the remote unless\n"
    "lfs.fetchrecentremoterefs is false, and what changed within lfs.fetchrecentcommitsdays (0)\n"
    "before each.\n"
    "\n"
    "    git lfs fetch origin main mybranch\n"
    "    git lfs fetch origin v1.0:models/large.bin\n"
    "    git lfs fetch --all origin";

constexpr std::string_view kPullHelp =
    "Download Git LFS objects for the currently checked out ref, and update the working copy with\n"
    "the downloaded content if required. This is equivalent to git lfs fetch followed by git lfs\n"
    "checkout, with each file written as soon as its object is here.";

constexpr std::string_view kPushHelp =
    "Upload Git LFS files to the configured endpoint for the current Git remote. By default, "
    "leaves\n"
    "out objects that are already referenced by the local clone of the remote.";

constexpr std::string_view kPrePushHelp =
    "Responds to Git pre-push events. Reads the range of commits from stdin, in the form\n"
    "<local-ref> <local-sha1> <remote-ref> <remote-sha1>, takes the remote name and URL as\n"
    "arguments, and uploads any Git LFS objects associated with those commits. Does nothing when\n"
    "GIT_LFS_SKIP_PUSH is set.";

constexpr std::string_view kCloneHelp =
    "Deprecated: git clone is as fast. Clones with Git LFS disabled, then runs git lfs pull in "
    "the\n"
    "clone and installs the hooks. All options of git clone are accepted.";

constexpr std::string_view kStandaloneFileHelp =
    "Provides a standalone transfer adapter for file URLs (local paths). By default, Git LFS "
    "itself\n"
    "copies objects for such remotes; this command does the same for other programs that speak "
    "the\n"
    "protocol of custom transfer agents on its standard input and output.";

constexpr auto kRows = std::to_array<Command>({
    {"checkout", "[options] [<path>...]",
     "Populate working copy with real content from Git LFS files", kCheckoutOptions, kCheckoutHelp,
     0, kAnyCount, false, run_checkout},
    {"clone", "[options] <repository> [<folder>]", "Efficiently clone a LFS-enabled repository",
     kCloneOptions, kCloneHelp, 1, 2, false, run_clone},
    {"fetch", "[options] [<remote> [<ref>...]]", "Download all Git LFS files for a given ref",
     kFetchOptions, kFetchHelp, 0, kAnyCount, false, run_fetch},
    {"pre-push", "[options] <remote> [<url>]", "Git pre-push hook implementation", kPrePushOptions,
     kPrePushHelp, 0, kAnyCount, false, run_pre_push},
    {"pull", "[options] [<remote>]", "Download all Git LFS files for current ref and checkout",
     kPullOptions, kPullHelp, 0, kAnyCount, false, run_pull},
    {"push", "[options] <remote> [<ref>...]", "Push queued large files to the Git LFS endpoint",
     kPushOptions, kPushHelp, 0, kAnyCount, false, run_push},
    {"standalone-file",
     "",
     "Git LFS standalone transfer adapter for file URLs (local paths)",
     {},
     kStandaloneFileHelp,
     0,
     0,
     false,
     run_standalone_file},
});

}  // namespace

std::span<const Command> transfer_rows() { return kRows; }

}  // namespace lazylfs::cli
