#include "fs/mount.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "fs/backend.h"
#include "fs/mount_point.h"
#include "fs/registry.h"
#include "fs/served_mount.h"
#include "fs/signals.h"
#include "lfs/base/guarded.h"
#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

constexpr std::chrono::seconds kDaemonEndMax{10};
constexpr int kSignalExit = 128;  // the shell's exit code of signal n is 128 + n

// The record of the mount at `mountpoint`, in the cache folder that this user has.
std::optional<MountRecord> find_record(const std::string& folder, const std::string& mountpoint) {
  for (MountRecord& record : list_mounts(folder)) {
    if (record.mountpoint == mountpoint) return record;
  }
  return std::nullopt;
}

void wait_for_end(const MountRecord& record) {
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, record.pid, 0)));
  if (!process || !process_lives(record.pid, record.pid_start)) return;
  pollfd wait{.fd = process.get(), .events = POLLIN, .revents = 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kDaemonEndMax);
  (void)::poll(&wait, 1, static_cast<int>(limit.count()));
}

}  // namespace

Result<void> serve_mount(const MountOptions& options, const std::function<void()>& ready) {
  return serve_mount(options, false, ready);
}

Result<void> serve_mount(const MountOptions& options, bool prepared,
                         const std::function<void()>& ready) {
  Guarded<ServedMount*> served(nullptr);  // outlives the thread that waits for signals
  SignalWatch signals;
  MountOptions own = options;
  own.mountpoint = canonical_mountpoint(options.mountpoint);
  TRY(prepare_mountpoint(own.mountpoint));

  // A signal before the mount stands ends the process: nothing that it does until then needs to
  // be undone. While the mount is set up, a signal waits for the lock.
  TRY(signals.start([&served](int number) {
    auto mount = served.lock();
    if (*mount == nullptr) ::_exit(kSignalExit + number);
    (*mount)->stop();
  }));
  ServedMount mount(own, TRY(open_backend(own, prepared)));
  {
    auto current = served.lock();
    TRY(mount.start());
    *current = &mount;
  }
  ready();
  mount.wait();
  signals.stop();
  return {};
}

Result<void> unmount(const std::string& mountpoint, bool lazy) {
  const std::string path = canonical_mountpoint(mountpoint);
  std::string configured;
  if (const auto config = lfs::Config::outside_repository()) {
    configured = config->get("lfs.cache.folder").value_or("");
  }
  return unmount(path, lazy, cache_folder(configured));
}

Result<void> unmount(const std::string& mountpoint, bool lazy, const std::string& cache_folder) {
  const std::string path = canonical_mountpoint(mountpoint);
  const std::optional<KernelMount> mounted = kernel_mount_at(path);
  const std::optional<MountRecord> record = find_record(cache_folder, path);
  if (!mounted || !mounted->is_ours()) {
    if (record && !record->alive) remove_record(cache_folder, *record);
    return Error(Errc::not_found, path + " is no mount of git-lfs");
  }
  TRY(detach(path, lazy || is_stale(path)));
  if (!record) return {};
  // A daemon whose mount was detached lazily ends with its last open file.
  if (!lazy) wait_for_end(*record);
  if (!process_lives(record->pid, record->pid_start)) remove_record(cache_folder, *record);
  return {};
}

}  // namespace lazylfs::fs
