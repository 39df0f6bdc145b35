// A mount's life: from options to a served mount point and back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lfs/base/error.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

enum class PassthroughMode { automatic, off };

struct MountOptions {
  std::string source;      // a clone's folder (bare or not) or a URL
  std::string mountpoint;  // absolute
  std::string ref;         // empty: HEAD
  std::string subdir;
  bool follow = false;  // move with the ref
  std::chrono::milliseconds follow_interval{2000};
  bool all_refs = false;
  bool allow_other = false;
  bool no_exec = false;                   // the kernel runs no program from the mount
  std::optional<std::uint32_t> uid, gid;  // whose files they seem to be; unset: this process's
  std::string shown_source;  // what the kernel's table of mounts says; empty: "lazylfs:<source>"
  bool offline = false;
  bool interactive = false;  // git may prompt while a URL is cloned
  // Small files at their best: OPEN and OPENDIR answered once for all (ENOSYS); no passthrough.
  bool small_files = false;
  PassthroughMode passthrough = PassthroughMode::automatic;
  std::string cache_folder;  // empty: the configured or default one
  std::string remote;        // empty: the default remote
  std::chrono::milliseconds read_deadline{60000};
};

// Serves the mount in this process until it is unmounted or SIGTERM/SIGINT arrives; unmounts on the
// way out. `ready` is called once, when the mount point answers. Errors leave nothing mounted.
Result<void> serve_mount(const MountOptions& options, const std::function<void()>& ready);
// With `prepared`, a URL's clone is taken as it is: whoever started the daemon updated it.
Result<void> serve_mount(const MountOptions& options, bool prepared,
                         const std::function<void()>& ready);

// Starts a daemon that serves the mount and returns when it is usable, or with its error.
// The daemon logs to <cache>/logs/<mount>.log.
Result<void> start_mount_daemon(const MountOptions& options);

// serve_mount() in the process that start_mount_daemon() started: tells it the outcome through
// `ready_fd`.
Result<void> serve_mount_for_starter(const MountOptions& options, int ready_fd);

// Unmounts through the kernel or fusermount3, also a stale one; waits until the daemon has ended.
// Errc::busy names what to do when files are open; `lazy` detaches at once.
Result<void> unmount(const std::string& mountpoint, bool lazy);
Result<void> unmount(const std::string& mountpoint, bool lazy, const std::string& cache_folder);

}  // namespace lazylfs::fs
