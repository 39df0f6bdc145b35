// The program as mount(8) runs it: /sbin/mount.fuse.lazylfs is a link to it, for
//
//     mount -t fuse.lazylfs -o ref=main,allow_other https://example.org/data.git /mnt/data
//
// and for lines of /etc/fstab.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace lazylfs::cli {

// Whether the program was started by a name that mount(8) looks for.
bool is_mount_helper(std::string_view program);

struct MountHelperCall {
  std::vector<std::string> arguments;  // a whole command line: mount --ref=main …
  bool fake = false;                   // -f: check everything, but do not mount
  bool verbose = false;                // -v
};

// `words` are <source> <folder> [-sfnv] [-N <namespace>] [-o <options>] [-t <type>], in any order.
// Errc::invalid for options that a mount of ours cannot honour; with -s those that are unknown are
// passed over.
Result<MountHelperCall> parse_mount_helper(std::span<const std::string> words);

// Whether an option of `git lfs mount` may be given to the helper, too.
bool is_mount_helper_option(std::string_view name);

// mount.fuse.lazylfs(8); `mount` is the row of `git lfs mount`.
std::string mount_helper_page(const Command& mount, std::string_view date);

// Returns an exit code of mount(8): 0, 1 (wrong call) or 32 (mounting failed).
int run_mount_helper(Context& context, std::span<const std::string> words);

}  // namespace lazylfs::cli
