#include "fs/mount_point.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include <stdlib.h>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/handle.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

using CString = Handle<char, std::free>;

constexpr std::size_t kMountinfoMax = 64U << 20U;

// The kernel writes blanks and backslashes in paths as three octal digits.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      result += text[i];
      continue;
    }
    int value = 0;
    for (int digit = 1; digit <= 3; ++digit)
      value = value * 8 + (text[i + static_cast<std::size_t>(digit)] - '0');
    result += static_cast<char>(value);
    i += 3;
  }
  return result;
}

Error busy(const std::string& mountpoint) {
  return {Errc::busy, mountpoint +
                          " is in use: close the files that are open there (fuser -vm shows who), "
                          "or detach it with --lazy"};
}

Result<void> detach_by_helper(const std::string& mountpoint, bool lazy) {
  const Command command{.argv = {"fusermount3", lazy ? "-uz" : "-u", "--", mountpoint},
                        .folder = "/",
                        .set_environment = {"LC_ALL=C"},
                        .unset_environment = {}};
  const CommandOutput output =
      TRY_CONTEXT("unmounting needs fusermount3 (package fuse3)", run_command(command));
  if (output.exit_code == 0) return {};
  if (output.err.find("busy") != std::string::npos) return busy(mountpoint);
  return Error(Errc::denied, "unmount " + mountpoint + ": " + std::string(trim(output.err)));
}

}  // namespace

std::vector<KernelMount> parse_mountinfo(const std::string& text) {
  std::vector<KernelMount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    // id parent major:minor root mountpoint options tag… - type source options
    const std::vector<std::string_view> words = split(line, ' ');
    std::size_t dash = 6;
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 2 >= words.size()) continue;
    mounts.push_back({.mountpoint = unescape(words[4]),
                      .type = std::string(words[dash + 1]),
                      .source = unescape(words[dash + 2]),
                      .device = std::string(words[2])});
  }
  return mounts;
}

std::vector<KernelMount> kernel_mounts() {
  const Result<Fd> file = open_file("/proc/self/mountinfo", O_RDONLY);
  if (!file) return {};
  return parse_mountinfo(read_to_end(file->get(), kMountinfoMax).value_or(std::string()));
}

std::optional<KernelMount> kernel_mount_at(const std::string& mountpoint) {
  std::optional<KernelMount> topmost;
  for (KernelMount& mount : kernel_mounts()) {
    if (mount.mountpoint == mountpoint) topmost = std::move(mount);
  }
  return topmost;
}

std::string canonical_mountpoint(const std::string& path) {
  const std::string full = absolute_path(path);
  // The folder itself may be a stale mount, which cannot be looked at; its parent can.
  const CString whole(::realpath(full.c_str(), nullptr));
  if (whole) return whole.get();
  const CString parent(::realpath(parent_path(full).c_str(), nullptr));
  if (!parent) return full;
  const std::string folder = parent.get();
  return (folder == "/" ? "" : folder) + "/" + base_name(full);
}

bool is_stale(const std::string& mountpoint) {
  // Attributes may be answered from the kernel's cache; this question never is.
  struct statvfs statistics {};
  if (::statvfs(mountpoint.c_str(), &statistics) == 0) return false;
  // The second is for a question that was under way when the last thread of a killed daemon ended.
  return errno == ENOTCONN || errno == ECONNABORTED;
}

Result<void> prepare_mountpoint(const std::string& mountpoint) {
  const std::optional<KernelMount> mounted = kernel_mount_at(mountpoint);
  if (mounted && mounted->is_ours()) {
    if (!is_stale(mountpoint)) {
      return Error(Errc::exists, mountpoint + " is mounted already (" + mounted->source +
                                     "); unmount it first: git lfs unmount " + mountpoint);
    }
    log_line(LogLevel::info, "detaching the stale mount at " + mountpoint);
    TRY_CONTEXT("the daemon of an earlier mount is gone", detach(mountpoint, true));
    return prepare_mountpoint(mountpoint);
  }
  struct stat status {};
  if (::stat(mountpoint.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return Error(Errc::not_found, "the mount point " + mountpoint +
                                        " does not exist; create it: mkdir -p " + mountpoint);
    }
    return Error::from_errno("mount point " + mountpoint, errno);
  }
  if (!S_ISDIR(status.st_mode)) {
    return Error(Errc::invalid, "the mount point " + mountpoint + " is not a folder");
  }
  return {};
}

Result<void> detach(const std::string& mountpoint, bool lazy) {
  const int flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0);
  if (::umount2(mountpoint.c_str(), flags) == 0) return {};
  if (errno == EBUSY) return busy(mountpoint);
  if (errno != EPERM) return Error::from_errno("unmount " + mountpoint, errno);
  return detach_by_helper(mountpoint, lazy);
}

}  // namespace lazylfs::fs
