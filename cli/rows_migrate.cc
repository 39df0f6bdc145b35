// The commands that rewrite history: files into LFS and out of it.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr Option kInclude = {
    .name = "include",
    .letter = 'I',
    .value_name = "<paths>",
    .help =
        "Only files whose path matches one of these comma-separated patterns; may be given "
        "more than once."};
constexpr Option kExclude = {
    .name = "exclude",
    .letter = 'X',
    .value_name = "<paths>",
    .help =
        "Leave out files whose path matches one of these comma-separated patterns; may be "
        "given more than once."};
constexpr Option kIncludeRef = {
    .name = "include-ref",
    .value_name = "<refname>",
    .help = "Commits that this ref reaches; may be given more than once."};
constexpr Option kExcludeRef = {
    .name = "exclude-ref",
    .value_name = "<refname>",
    .help = "No commits that this ref reaches; may be given more than once."};
constexpr Option kEverything = {
    .name = "everything",
    .help = "All commits that any local or remote ref reaches. Only local refs are updated."};
constexpr Option kSkipFetch = {
    .name = "skip-fetch",
    .help =
        "Do not refresh what is known of the remotes before determining which commits are not "
        "pushed. Has no effect with --include-ref or --exclude-ref."};
constexpr Option kYes = {
    .name = "yes",
    .letter = 'y',
    .help = "Assume a yes answer to any prompts, permitting noninteractive use."};
constexpr Option kVerbose = {.name = "verbose",
                             .help = "Print the commit OID and filename of migrated files."};
constexpr Option kObjectMap = {
    .name = "object-map",
    .value_name = "<path>",
    .help =
        "Write a line '<old>,<new>' for every rewritten commit to this file, which must not "
        "exist."};

constexpr auto kInfoOptions = std::to_array<Option>({
    {.name = "above",
     .value_name = "<size>",
     .help = "Only count files whose individual size is above this (e.g. 1b, 20 MB, 3 TiB). "
             "Extensions without such a file are left out."},
    kEverything,
    kExclude,
    kExcludeRef,
    {.name = "fixup",
     .help = "Count the files that the .gitattributes of each commit give to Git LFS and that are "
             "no pointers. Implies --pointers=ignore."},
    kInclude,
    kIncludeRef,
    {.name = "json", .help = "Print a JSON document."},
    {.name = "pointers",
     .value_name = "<mode>",
     .help = "How pointers are counted: follow (the sizes of their objects, in a line of their "
             "own), no-follow (as ordinary files), or ignore."},
    {.name = "remote",
     .value_name = "<remote>",
     .help = "Accepted for compatibility; nothing is downloaded."},
    kSkipFetch,
    {.name = "top",
     .value_name = "<n>",
     .help = "Print the first <n> entries (default 5), largest first."},
    {.name = "unit",
     .value_name = "<unit>",
     .help = "Print sizes in this unit: b, kib, mib, gib, tib, pib, kb, mb, gb, tb, pb."},
    kYes,
});

constexpr auto kImportOptions = std::to_array<Option>({
    {.name = "above",
     .value_name = "<size>",
     .help = "Only migrate files of at least this size (e.g. 1b, 20 MB, 3 TiB). Cannot be used "
             "with --include, --exclude or --fixup."},
    kEverything,
    kExclude,
    kExcludeRef,
    {.name = "fixup",
     .help = "Migrate the files that the .gitattributes of each commit give to Git LFS and that "
             "are no pointers. Cannot be used with --include or --exclude."},
    kInclude,
    kIncludeRef,
    {.name = "message",
     .letter = 'm',
     .value_name = "<message>",
     .help = "The message of the commit that --no-rewrite makes; by default it names the files."},
    {.name = "no-rewrite",
     .help = "Migrate files, which are named instead of branches, in one new commit on top of "
             "HEAD. They must match patterns of .gitattributes already."},
    kObjectMap,
    {.name = "remote",
     .value_name = "<remote>",
     .help = "Accepted for compatibility; nothing is downloaded."},
    kSkipFetch,
    kVerbose,
    kYes,
});

constexpr auto kExportOptions = std::to_array<Option>({
    kEverything,
    kExclude,
    kExcludeRef,
    kInclude,
    kIncludeRef,
    kObjectMap,
    {.name = "remote",
     .value_name = "<remote>",
     .help = "Download the objects that are not here from this remote."},
    kSkipFetch,
    kVerbose,
    kYes,
});

constexpr std::string_view kMigrateHelp =
    "Convert files in a Git repository to or from Git LFS pointers, or summarize Git file sizes "
    "by\n"
    "file type.\n"
    "\n"
    "By default only the currently checked-out branch, and only files added in commits which do "
    "not\n"
    "exist on any remote, are looked at. Name branches (a ^ before one leaves out what it "
    "reaches),\n"
    "or use --include-ref and --exclude-ref, or --everything.\n"
    "\n"
    "Patterns of --include and --exclude are those of gitattributes(5): path/** is all below a\n"
    "folder. Other commands use those of gitignore(5).\n"
    "\n"
    "import and export rewrite history: commits get new ids. All local refs that point to a "
    "rewritten\n"
    "commit are updated, all at once; a migration that is killed before has changed nothing. "
    "Remotes\n"
    "are never changed: push with --force when the result is what you want.";

constexpr std::string_view kInfoHelp =
    "Summarize the sizes of file objects present in the Git history, grouped by filename "
    "extension.\n"
    "Read-only.\n"
    "\n"
    "Existing Git LFS pointers are followed by default: the size of their objects is totaled in a\n"
    "line of its own.\n"
    "\n"
    "    git lfs migrate info --everything\n"
    "    git lfs migrate info --above=10mb --top=20";

constexpr std::string_view kImportHelp =
    "Migrate objects present in the Git history to pointer files tracked and stored with Git "
    "LFS.\n"
    "Adds entries for the converted file types to .gitattributes at the root, creating it where it "
    "does\n"
    "not exist, as if git lfs track had been run when each type first appeared.\n"
    "\n"
    "    git lfs migrate import --everything --include=\"*.zip\"\n"
    "    git lfs migrate import --everything --above=100kb\n"
    "    git lfs migrate import --fixup\n"
    "    git lfs migrate import --no-rewrite test.zip images/*.psd";

constexpr std::string_view kExportHelp =
    "Migrate Git LFS pointer files present in the Git history out of Git LFS, converting them back "
    "into\n"
    "their content. Files matching --include, of which at least one is required, are removed from "
    "Git\n"
    "LFS; files matching --exclude stay. Objects that are not here are downloaded first. "
    "Afterwards the\n"
    "objects that no pointer needs any more are pruned.\n"
    "\n"
    "    git lfs migrate export --include-ref=main --include=\"*.zip\"";

constexpr auto kRows = std::to_array<Command>({
    {"migrate",
     "<info|import|export> [options] [<branch>...]",
     "Migrate history to or from Git LFS",
     {},
     kMigrateHelp,
     0,
     kAnyCount,
     false,
     nullptr},
    {"migrate info", "[options] [<branch>...]", "Show information about repository size",
     kInfoOptions, kInfoHelp, 0, kAnyCount, false, run_migrate_info},
    {"migrate import", "[options] [<branch>...]", "Convert Git objects to Git LFS pointers",
     kImportOptions, kImportHelp, 0, kAnyCount, false, run_migrate_import},
    {"migrate export", "[options] [<branch>...]", "Convert Git LFS pointers to Git objects",
     kExportOptions, kExportHelp, 0, kAnyCount, false, run_migrate_export},
});

}  // namespace

std::span<const Command> migrate_rows() { return kRows; }

}  // namespace lazylfs::cli
