// The commands that look at the repository: what is an LFS file, and in which state.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr auto kFsckOptions = std::to_array<Option>({
    {.name = "dry-run",
     .letter = 'd',
     .help = "Perform checks, but do not move any corrupted files to .git/lfs/bad."},
    {.name = "objects",
     .help = "Check that each object matches its expected hash and that each object exists on "
             "disk."},
    {.name = "pointers",
     .help = "Check that each pointer is canonical and that each file which should be stored as "
             "a Git LFS file is so stored."},
});

constexpr auto kLsFilesOptions = std::to_array<Option>({
    {.name = "all",
     .letter = 'a',
     .help = "Inspect the full history of the repository, not the current HEAD. Includes previous "
             "versions of LFS objects that are no longer found in the current tree."},
    {.name = "debug",
     .letter = 'd',
     .help = "Show as much information as possible about an LFS file. Intended for manual "
             "inspection; the exact format may change at any time."},
    {.name = "deleted",
     .help = "Include LFS pointers reachable from history but no longer present in the current "
             "tree."},
    {.name = "exclude",
     .letter = 'X',
     .value_name = "<paths>",
     .help = "Leave out paths that match one of these comma-separated patterns."},
    {.name = "include",
     .letter = 'I',
     .value_name = "<paths>",
     .help = "Only paths that match one of these comma-separated patterns."},
    {.name = "json",
     .letter = 'j',
     .help = "Write Git LFS file information as JSON to standard output if the command exits "
             "successfully. --debug takes precedence; --long, --size and --name-only have no "
             "effect."},
    {.name = "long",
     .letter = 'l',
     .help = "Show the entire 64-character OID, instead of just the first 10."},
    {.name = "name-only", .letter = 'n', .help = "Show only the LFS-tracked file names."},
    {.name = "size",
     .letter = 's',
     .help = "Show the size of the LFS object in parentheses at the end of each line."},
});

constexpr auto kStatusOptions = std::to_array<Option>({
    {.name = "json",
     .letter = 'j',
     .help = "Write Git LFS file status information as JSON to standard output if the command "
             "exits successfully. --porcelain takes precedence."},
    {.name = "porcelain",
     .letter = 'p',
     .help = "Give the output in an easy-to-parse format for scripts."},
});

constexpr std::string_view kFsckHelp =
    "Check all Git LFS files of the current HEAD and of the index for consistency. A single "
    "commit\n"
    "may be given to inspect it instead, or a range <a>..<b> to inspect the commits that <b>\n"
    "reaches and <a> does not. The default is to perform all checks. Corrupted files are moved to\n"
    ".git/lfs/bad; objects whose path matches lfs.fetchexclude are not checked.\n"
    "\n"
    "Exits with 1 when anything is wrong.";

constexpr std::string_view kLsFilesHelp =
    "Display paths of Git LFS files that are found in the tree at the given reference. If no\n"
    "reference is given, scan the currently checked-out branch and what is staged. With two\n"
    "references, list what the second reaches and the first does not.\n"
    "\n"
    "An asterisk (*) after the OID indicates a full object, a minus (-) indicates an LFS pointer.";

constexpr std::string_view kStatusHelp =
    "Display paths of Git LFS objects that have not been pushed to the Git LFS server (large "
    "files\n"
    "that would be uploaded by git push), that have differences between the index file and the\n"
    "current HEAD commit (large files that would be committed by git commit), or that have\n"
    "differences between the working tree and the index file (files that could be staged with git\n"
    "add).\n"
    "\n"
    "Must be run in a non-bare repository.";

constexpr auto kRows = std::to_array<Command>({
    {"fsck", "[options] [<ref>]", "Check Git LFS files for consistency", kFsckOptions, kFsckHelp, 0,
     kAnyCount, false, run_fsck},
    {"ls-files", "[options] [<ref> [<ref>]]",
     "Show information about Git LFS files in the index and working tree", kLsFilesOptions,
     kLsFilesHelp, 0, kAnyCount, false, run_ls_files},
    {"status", "[options]", "Show the status of Git LFS files in the working tree", kStatusOptions,
     kStatusHelp, 0, kAnyCount, false, run_status},
});

}  // namespace

std::span<const Command> listing_rows() { return kRows; }

}  // namespace lazylfs::cli
