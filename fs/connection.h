// The connection to the kernel: mounting, the threads that answer, unmounting.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fs/fuse_api.h"
#include "fs/passthrough.h"
#include "lfs/base/fd.h"
#include "lfs/base/handle.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

class FileSystem;

struct ConnectionOptions {
  std::string mountpoint;  // absolute
  std::string source;
  std::string shown_source;  // as mount(8) shows it; empty: "lazylfs:<source>"
  bool allow_other = false;
  bool no_exec = false;
  bool passthrough = true;  // if kernel and privilege offer it
  unsigned threads = 6;
};

// Order of use: create, mount, unmount (also from other threads), wait. The destructor does what
// is left of it; the file system must still live then.
class FuseConnection {
 public:
  // Errc::not_found or denied, with advice, when FUSE cannot be used here.
  static Result<std::unique_ptr<FuseConnection>> create(ConnectionOptions options);
  FuseConnection(const FuseConnection&) = delete;
  FuseConnection& operator=(const FuseConnection&) = delete;
  ~FuseConnection();

  Passthrough& passthrough() { return *passthrough_; }
  fuse_session* session() { return session_.get(); }

  // Mounts, and answers from now on. Returns when the root answers.
  Result<void> mount(FileSystem& file_system);
  // Takes the mount point away, lazily when files are open there, and lets the threads end.
  // Thread-safe; does nothing when it happened already.
  void unmount();
  // Until the threads have ended: after unmount(), or when somebody else unmounted.
  void wait();

 private:
  explicit FuseConnection(ConnectionOptions options) : options_(std::move(options)) {}

  std::string shown_source() const;
  Result<void> mount_directly();
  Result<void> mount_by_helper();
  void answer_requests();

  ConnectionOptions options_;
  Fd device_;  // until the session owns it
  std::unique_ptr<Passthrough> passthrough_;
  Handle<fuse_session, fuse_session_destroy> session_;
  std::string mounted_device_;  // the kernel's number of our mount; empty when not mounted
  std::atomic<bool> unmounting_{false};
  std::atomic<unsigned> running_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace lazylfs::fs
