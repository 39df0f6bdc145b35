// One mount while it is served: the file system, its connection, and the threads beside it.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include "fs/backend.h"
#include "fs/connection.h"
#include "fs/control.h"
#include "fs/file_system.h"
#include "fs/follow.h"
#include "fs/mount.h"
#include "fs/periodic.h"
#include "fs/registry.h"

namespace lazylfs::fs {

// Thread-compatible, but for stop().
class ServedMount {
 public:
  // `options.mountpoint` is canonical and prepared.
  ServedMount(MountOptions options, std::unique_ptr<Backend> backend);
  ServedMount(const ServedMount&) = delete;
  ServedMount& operator=(const ServedMount&) = delete;
  ~ServedMount();

  // Mounts, and starts everything else. Nothing stays mounted after an error.
  Result<void> start();
  void stop();  // unmounts; thread-safe
  void wait();  // until unmounted

 private:
  Json answer(const Json& request);
  Json stats() const;
  MountRecord record() const;
  Json sync();
  void maintain();
  void follow();

  MountOptions options_;
  std::unique_ptr<Backend> backend_;
  const std::int64_t started_;
  std::atomic<bool> offline_;
  std::unique_ptr<FuseConnection> connection_;
  std::unique_ptr<FileSystem> file_system_;
  // What runs beside; ends first, from the last to the first.
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<Periodic> maintenance_, following_;
  std::unique_ptr<ControlServer> control_;
  std::jthread preload_;
};

}  // namespace lazylfs::fs
