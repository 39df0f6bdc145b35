// MountOptions as command-line arguments: how `git lfs mount` reads them and how it tells them to
// the daemon that it starts.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fs/mount.h"

namespace lazylfs::fs {

// What `git lfs mount` was asked for.
struct MountRequest {
  MountOptions options;
  bool foreground = false;
  // Of a daemon: where to report readiness (-1: nowhere), and that the clone is up to date.
  int ready_fd = -1;
  bool prepared = false;
};

// The arguments after "mount". Errc::invalid names the one that is wrong.
Result<MountRequest> parse_mount_arguments(std::span<const std::string> arguments);

// Such that parse_mount_arguments(to_arguments(request)) gives `request` again.
std::vector<std::string> to_arguments(const MountRequest& request);

// `git lfs mount --foreground`: serves until unmounted; reports to request.ready_fd, if any.
Result<void> serve_mount_request(const MountRequest& request);

}  // namespace lazylfs::fs
