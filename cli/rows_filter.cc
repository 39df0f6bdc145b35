// The filters that git runs, and the commands that show what they do.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr Option kSkip{"skip", 's', {}, "Leave pointers in place of content that is not here."};
constexpr auto kSkipOption = std::to_array<Option>({kSkip});

constexpr auto kPointerOptions = std::to_array<Option>({
    {"file", 'f', "<file>", "A local file to build the pointer from."},
    {"pointer", 'p', "<pointer>", "A file with a pointer that another implementation made."},
    {"stdin", '\0', {}, "Read the pointer to compare with, or to check, from standard input."},
    {"check", '\0', {}, "Tell by the exit code whether what is read is a pointer."},
    {"strict", '\0', {}, "With --check: the pointer must be byte for byte as Git LFS writes it."},
    {"no-strict", '\0', {}, "With --check: any pointer that can be read is right (the default)."},
    {"no-extensions", '\0', {}, "Build a plain pointer, without the configured extensions."},
});

constexpr auto kRows = std::to_array<Command>({
    {"clean",
     "[<path>]",
     "Git clean filter that converts large files to pointers",
     {},
     "Reads the contents of a large file from standard input and writes a Git LFS pointer to "
     "standard output. The content goes to the repository's LFS store. A pointer passes "
     "unchanged.\n\n"
     "Git runs this command as the filter's \"clean\" where it does not use filter-process. "
     "<path> is the file in the work tree; it takes the place of %f in the commands of "
     "lfs.extension.<name>.clean.",
     0,
     kAnyCount,
     false,
     run_clean},
    {"smudge", "[options] [<path>]",
     "Git smudge filter that converts pointers in blobs to the actual content", kSkipOption,
     "Reads a Git LFS pointer from standard input and writes the object's content to standard "
     "output, downloading it first when it is not here. What is no pointer passes unchanged. "
     "<path> names the file in messages and in the commands of lfs.extension.<name>.smudge.\n\n"
     "lfs.fetchinclude and lfs.fetchexclude choose the paths whose content is wanted; the "
     "pointers of the others are written as they are, and so are all with GIT_LFS_SKIP_SMUDGE=1. "
     "With lfs.skipdownloaderrors a failed download leaves the pointer and is no error.",
     0, kAnyCount, false, run_smudge},
    {"filter-process", "[options]",
     "Git filter process that converts between pointers and actual content", kSkipOption,
     "Speaks Git's long-running filter protocol (gitattributes(5)) on standard input and output: "
     "one process cleans or smudges all files of a Git command. Objects that are not here are "
     "downloaded together, while Git checks out the others.\n\n"
     "lfs.fetchinclude and lfs.fetchexclude choose the paths whose content is wanted; the "
     "pointers of the others are written as they are, and so are all with GIT_LFS_SKIP_SMUDGE=1.",
     0, kAnyCount, false, run_filter_process},
    {"pointer", "[options]", "Build, compare, and check pointers", kPointerOptions,
     "    git lfs pointer --file=<file>\n"
     "    git lfs pointer --file=<file> --pointer=<pointer>\n"
     "    git lfs pointer --file=<file> --stdin\n"
     "    git lfs pointer --check --file=<file>\n\n"
     "Builds the pointer of a file, as the clean filter would, and compares it with another one. "
     "The pointer is printed on standard output, everything else on standard error.\n\n"
     "The exit code is 0 when the pointers match and 1 when they do not. With --check it is 0 for "
     "a pointer, 1 for anything else, and 2 for one that is not canonical with --strict.",
     0, kAnyCount, false, run_pointer},
    {"ext",
     "[list [<name>...]]",
     "List the configured pointer extensions",
     {},
     "Prints each extension (lfs.extension.<name>.clean, .smudge and .priority) in the order in "
     "which they run when a file is cleaned.",
     0,
     kAnyCount,
     false,
     run_ext},
    {"ext list",
     "[<name>...]",
     "List the configured pointer extensions, or those that are named",
     {},
     "    git lfs ext list foo bar",
     0,
     kAnyCount,
     false,
     run_ext_list},
});

}  // namespace

std::span<const Command> filter_rows() { return kRows; }

}  // namespace lazylfs::cli
