// Mount points: what the kernel has mounted where, whether a folder can be one, and detaching.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/base/result.h"

namespace lazylfs::fs {

struct KernelMount {
  std::string mountpoint, type, source;
  std::string device;  // "0:51"

  bool is_ours() const { return type == "fuse.lazylfs"; }
};

// All mounts that this process sees; never waits for any of them.
std::vector<KernelMount> kernel_mounts();
// The topmost mount at exactly `mountpoint`.
std::optional<KernelMount> kernel_mount_at(const std::string& mountpoint);
// The same of given /proc/self/mountinfo text.
std::vector<KernelMount> parse_mountinfo(const std::string& text);

// `path` as the kernel's mount table has it: absolute, links resolved. Does not wait for a mount.
std::string canonical_mountpoint(const std::string& path);

// Whether the daemon behind a mount of ours is gone (the kernel answers ENOTCONN).
bool is_stale(const std::string& mountpoint);

// Checks that `mountpoint` is a folder that can be mounted on, detaching a stale mount of ours
// first. Errc::exists when a mount of ours is served there already; not_found, invalid and denied
// with advice.
Result<void> prepare_mountpoint(const std::string& mountpoint);

// Unmounts by umount2(2) or fusermount3. Errc::busy while files are open, unless `lazy`.
Result<void> detach(const std::string& mountpoint, bool lazy);

}  // namespace lazylfs::fs
