// Merging and comparing what pointers stand for.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr auto kMergeDriverOptions = std::to_array<Option>({
    {"ancestor", '\0', "<path>", "The file with the ancestor's revision."},
    {"current", '\0', "<path>", "The file with the current revision."},
    {"other", '\0', "<path>", "The file with the other revision."},
    {"output", '\0', "<path>", "The file that gets the result, a pointer."},
    {"marker-size", '\0', "<num>", "The length of conflict markers (12 by default)."},
    {"program", '\0', "<program>",
     "A command for the shell that merges, after substitution; git merge-file by default."},
});

constexpr auto kTextconvOptions = std::to_array<Option>({
    {"max-size", '\0', "<size>",
     "Describe larger content, by its size and oid, rather than show it (16MB by default)."},
    {"no-download", '\0', {}, "Describe content that is not here rather than download it."},
});

constexpr auto kRows = std::to_array<Command>({
    {"merge-driver", "[options]", "Merge driver for files stored in Git LFS", kMergeDriverOptions,
     "Merges text files stored in Git LFS with Git's merge machinery, or with another program. "
     "Git runs this command; it is not meant to be run by hand.\n\n"
     "Git LFS holds text and binary files alike, so the driver is not used unless it is asked for: "
     "set the attribute merge=lfs-text (any name will do) for the files that are text, and then\n\n"
     "    git config merge.lfs-text.driver 'git lfs merge-driver --ancestor %O --current %A "
     "--other "
     "%B --marker-size %L --output %A'\n\n"
     "--program names a command for files that need other rules. It is given to sh after these "
     "sequences were replaced, file names quoted for the shell: %A, the current version; %B, the "
     "other version; %O, the ancestor; %D, the file that the result goes to; %L, the length of "
     "conflict markers; %%, a percent sign. Git replaces sequences of its own first, so each "
     "percent sign must be doubled in Git's configuration:\n\n"
     "    git config merge.lfs-text.driver 'git lfs merge-driver --ancestor %O --current %A "
     "--other "
     "%B --marker-size %L --output %A --program '\\''git merge-file --stdout --marker-size=%%L "
     "%%A %%O %%B >%%D'\\'''\n\n"
     "The exit code is the program's: 0 for a clean merge, another for conflicts or failure. A "
     "program that fails without a result leaves the current version as it is; so do binary files "
     "under git merge-file, which are a conflict then. An object that is not here is "
     "downloaded.\n\n"
     "Without a driver for the value of the merge attribute, as for merge=lfs, Git tries to merge "
     "the pointers, which seldom helps.",
     0, kAnyCount, false, run_merge_driver},
    {"textconv", "[options] <file>", "Show a tracked file's content in diffs", kTextconvOptions,
     "Prints the content that the pointer <file> stands for; any other file is printed as it is. "
     "As a text converter it lets git diff, git log -p, git show and git blame show what changed "
     "in a file, in place of two pointers:\n\n"
     "    git config --global diff.lfs.textconv 'git lfs textconv'\n\n"
     "Files that \"git lfs track\" added have the attribute diff=lfs, which that key belongs to. "
     "With diff.lfs.cachetextconv=true Git remembers what was printed.\n\n"
     "Binary content, and content larger than --max-size, is described by its size and oid: the "
     "diff shows that it changed, and stays small. An object that is not here is downloaded unless "
     "--no-download or GIT_LFS_SKIP_SMUDGE=1 is given, it is larger than --max-size, or "
     "lfs.fetchexclude leaves it out; it is described then, and so it is when the download fails.",
     1, 1, false, run_textconv},
});

}  // namespace

std::span<const Command> merge_rows() { return kRows; }

}  // namespace lazylfs::cli
