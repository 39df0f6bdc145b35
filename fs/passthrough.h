// FUSE passthrough: the kernel reads a complete object's file itself. See passthrough.cc.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cstddef>

#include "lfs/base/result.h"

namespace lazylfs::fs {

// One connection's passthrough. Thread-safe.
class Passthrough {
 public:
  // `fuse_fd` is borrowed. Not `wanted`: nothing is negotiated and supported() stays false.
  Passthrough(int fuse_fd, bool wanted) : fuse_fd_(fuse_fd), wanted_(wanted) {}

  // read(2) and writev(2) on the connection, with an eye on INIT and OPEN.
  ssize_t read(void* buffer, std::size_t length) const;
  ssize_t writev(const iovec* parts, int count);

  // After INIT: the kernel has it, and nothing has shown yet that we may not use it.
  bool supported() const { return supported_.load(); }
  // Finds out by doing it once on `fd`; clears supported() when it is refused.
  bool probe(int fd);

  Result<int> open_backing(int fd);
  void close_backing(int id) const;

  // While one lives, OPEN replies that its thread sends name this backing id.
  class ReplyScope {
   public:
    explicit ReplyScope(int backing_id);
    ReplyScope(const ReplyScope&) = delete;
    ReplyScope& operator=(const ReplyScope&) = delete;
    ~ReplyScope();
  };

 private:
  const int fuse_fd_;
  const bool wanted_;
  std::atomic<bool> supported_{false};
};

}  // namespace lazylfs::fs
