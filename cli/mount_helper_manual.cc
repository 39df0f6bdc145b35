// mount.fuse.lazylfs(8), from the options of `git lfs mount`.
#include <algorithm>

#include "cli/help.h"
#include "cli/mount_helper.h"

namespace lazylfs::cli {
namespace {

constexpr std::string_view kIntroduction =
    "mount(8) runs this program for file systems of the type fuse.lazylfs. It shows a Git\n"
    "repository read-only; files that Git LFS keeps are fetched when they are read. It is another\n"
    "name of git-lfs, whose command mount does the work.\n"
    "\n"
    "    mount -t fuse.lazylfs -o ref=main,allow_other https://example.org/data.git /mnt/data\n"
    "\n"
    "The same as a line of /etc/fstab:\n"
    "\n"
    "    https://example.org/data.git /mnt/data fuse.lazylfs ro,_netdev,allow_other,ref=main 0 0\n"
    "\n"
    "Mounted so at the start of the system, it runs as root: its cache is root's, and credentials\n"
    "must be where Git finds root's. The option cache= names another folder.";

constexpr std::string_view kOthers =
    "Words may be joined by '_' or '-'. A comma inside a value is written in quotes or after a\n"
    "backslash. What holds for every mount (ro, nosuid, nodev, noatime) and notes for other\n"
    "programs (_netdev, nofail, x-systemd.automount) are taken and change nothing; rw is what\n"
    "mount(8) says by default, and the mount is read-only all the same. Other options are errors,\n"
    "unless -s is given; remount, suid and dev always are. -f checks the options without "
    "mounting,\n"
    "-v prints the command.";

}  // namespace

std::string mount_helper_page(const Command& mount, std::string_view date) {
  std::string page =
      roff_heading("mount.fuse.lazylfs", "8", "mount a Git repository with its large files", date) +
      ".SH SYNOPSIS\n" + roff("mount.fuse.lazylfs <repository> <folder> [-sfnv] [-o <options>]") +
      "\n.SH DESCRIPTION\n" + roff_body(kIntroduction) + ".SH OPTIONS\n";
  for (const Option& option : mount.options) {
    if (!is_mount_helper_option(option.name)) continue;
    std::string name(option.name == "no-exec" ? "noexec" : option.name);
    std::ranges::replace(name, '-', '_');
    if (!option.value_name.empty()) name += "=" + std::string(option.value_name);
    page += ".TP\n\\fB" + roff(name) + "\\fR\n" + roff(option.help) + '\n';
  }
  return page + ".PP\n" + roff_body(kOthers) +
         ".SH EXIT STATUS\n0: mounted; 1: wrong options; 32: mounting failed.\n.SH SEE ALSO\n" +
         roff("git-lfs-mount") + "(1), mount(8), fstab(5)\n";
}

}  // namespace lazylfs::cli
