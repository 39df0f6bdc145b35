// The commands that prepare a repository or an account for LFS, and the hooks they install.
#include <array>

#include "cli/command_functions.h"
#include "cli/command_rows.h"

namespace lazylfs::cli {
namespace {

constexpr Option kHooksForce{
    .name = "force", .letter = 'f', .help = "Replace hooks that are not ours."};
constexpr Option kHooksManual{.name = "manual",
                              .letter = 'm',
                              .help = "Print what to add to which hook, for merging them by hand."};
constexpr auto kUpdateOptions = std::to_array<Option>({kHooksForce, kHooksManual});

constexpr auto kInstallOptions = std::to_array<Option>({
    {.name = "force",
     .letter = 'f',
     .help = "Set the lfs smudge and clean filters, overwriting existing values, and replace hooks "
             "that are not ours."},
    {.name = "local",
     .letter = 'l',
     .help = "Set the filters in the local repository's git config instead of the global one "
             "(~/.gitconfig)."},
    {.name = "worktree",
     .letter = 'w',
     .help = "Set the filters in the current working tree's git config. With several working trees "
             "the extension worktreeConfig must be enabled; with one it is as --local. Needs Git "
             "2.20."},
    kHooksManual,
    {.name = "system",
     .help = "Set the filters in the system git config, for example /etc/gitconfig."},
    {.name = "file",
     .value_name = "<path>",
     .help = "Set the filters in the Git configuration file <path>."},
    {.name = "skip-smudge",
     .letter = 's',
     .help = "Do not download objects on clone or pull: a checkout leaves pointers until 'git lfs "
             "pull' is run."},
    {.name = "skip-repo", .help = "Leave the current repository's hooks as they are."},
});
constexpr auto kUninstallOptions = std::to_array<Option>({
    {.name = "local",
     .letter = 'l',
     .help = "Remove the filters from the local repository's git config instead of the global one "
             "(~/.gitconfig)."},
    {.name = "worktree",
     .letter = 'w',
     .help = "Remove the filters from the current working tree's git config. With several working "
             "trees the extension worktreeConfig must be enabled; with one it is as --local."},
    {.name = "system", .help = "Remove the filters from the system git config."},
    {.name = "file",
     .value_name = "<path>",
     .help = "Remove the filters from the Git configuration file <path>."},
    {.name = "skip-repo", .help = "Leave the current repository's hooks as they are."},
});
constexpr auto kTrackOptions = std::to_array<Option>({
    {.name = "verbose", .letter = 'v', .help = "Log the files that are touched."},
    {.name = "dry-run",
     .letter = 'd',
     .help = "Log what would be done and change nothing; logs the files that would be touched."},
    {.name = "json",
     .letter = 'j',
     .help =
         "Print the patterns as JSON. Not with pattern arguments but with --above; --no-excluded "
         "then has no effect."},
    {.name = "filename",
     .help = "Treat the arguments as literal file names: wildcards in them are escaped."},
    {.name = "above",
     .value_name = "<size>",
     .help = "Track the files of at least this size that are not tracked yet, by their names."},
    {.name = "lockable",
     .letter = 'l',
     .help = "Make the paths lockable: they should be locked to be edited, and are read-only in "
             "the working copy while they are not."},
    {.name = "not-lockable",
     .help = "Remove the lockable flag, so that the paths are no longer read-only."},
    {.name = "no-excluded",
     .help = "Do not list patterns that are excluded, only those that are tracked."},
    {.name = "no-modify-attrs",
     .help = "Only make matching files stat-dirty, so that Git indexes them again; no "
             ".gitattributes file is changed."},
});

constexpr std::string_view kInstallHelp =
    "Sets up the \"lfs\" smudge and clean filters in the global Git config and, when run inside a\n"
    "repository, installs the hooks pre-push, post-checkout, post-commit and post-merge. If\n"
    "core.hooksPath is configured, the hooks are installed in that directory instead.\n"
    "\n"
    "Without options, filters that are set already to something else are left alone, and so are\n"
    "hooks of others; the message says what to do.\n"
    "\n"
    "'git lfs install hooks' installs the hooks only.";

constexpr std::string_view kUninstallHelp =
    "Removes the \"lfs\" clean and smudge filters from the global Git config and, when run inside "
    "a\n"
    "repository, the hooks of Git LFS. Hooks that are not ours stay.\n"
    "\n"
    "'git lfs uninstall hooks' removes the hooks only.";

constexpr std::string_view kUpdateHelp =
    "Updates the hooks used by Git LFS in the current repository: pre-push, post-checkout,\n"
    "post-commit and post-merge. A hook with other content stays, and the command fails; --manual\n"
    "shows how to merge it, --force overwrites it. Settings lfs.<url>.access of earlier versions\n"
    "are brought up to date.";

constexpr std::string_view kTrackHelp =
    "Starts tracking the given patterns through Git LFS: writes them to .gitattributes of the\n"
    "current folder. Without patterns, lists the patterns that are tracked now.\n"
    "\n"
    "Patterns follow gitattributes(5): asterisk, question mark and brackets are wildcards; escape\n"
    "them with a backslash, or use --filename, to mean them literally. Files that Git has already\n"
    "and that match are touched, so that the next 'git add' converts them.\n"
    "\n"
    "With --above, each file of the work tree that is at least that large, below the current "
    "folder,\n"
    "gets a line of its own, unless Git ignores it or it goes through LFS already; patterns "
    "choose\n"
    "among them. Run it again after adding files. --json lists them with their sizes, and "
    "--dry-run\n"
    "writes nothing.\n"
    "\n"
    "    git lfs track\n"
    "    git lfs track \"*.gif\"\n"
    "    git lfs track --lockable \"*.psd\"\n"
    "    git lfs track --filename \"project [1].psd\"\n"
    "    git lfs track --above 10MB";

constexpr std::string_view kUntrackHelp =
    "Stops tracking the given paths through Git LFS: removes their lines from .gitattributes of\n"
    "the current folder. Pointers in history and objects in the local store stay.\n"
    "\n"
    "    git lfs untrack \"*.gif\"";

constexpr auto kRows = std::to_array<Command>({
    {"install", "[options]", "Install Git LFS configuration", kInstallOptions, kInstallHelp, 0,
     kAnyCount, false, run_install},
    {"install hooks", "[options]", "Install the hooks of Git LFS", kUpdateOptions,
     "Installs the hooks in the current repository and leaves the filter configuration alone.", 0,
     kAnyCount, false, run_install_hooks},
    {"track", "[options] [<pattern>...]", "View or add Git LFS paths to Git attributes",
     kTrackOptions, kTrackHelp, 0, kAnyCount, false, run_track},
    {"uninstall", "[options]", "Remove Git LFS configuration", kUninstallOptions, kUninstallHelp, 0,
     kAnyCount, false, run_uninstall},
    {"uninstall hooks",
     "",
     "Remove the hooks of Git LFS",
     {},
     "Removes the hooks from the current repository and leaves the filter configuration alone.",
     0,
     kAnyCount,
     false,
     run_uninstall_hooks},
    {"untrack",
     "<path>...",
     "Remove Git LFS paths from Git attributes",
     {},
     kUntrackHelp,
     0,
     kAnyCount,
     false,
     run_untrack},
    {"update", "[options]", "Update Git hooks for the current repository", kUpdateOptions,
     kUpdateHelp, 0, kAnyCount, false, run_update},
});

}  // namespace

std::span<const Command> setup_rows() { return kRows; }

}  // namespace lazylfs::cli
