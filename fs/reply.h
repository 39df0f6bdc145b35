// The duty to answer one FUSE request, as an object: it is answered exactly once, whatever happens.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fs/errno_map.h"
#include "fs/fuse_api.h"
#include "lfs/base/error.h"
#include "lfs/base/guarded.h"
#include "lfs/base/metrics.h"

namespace lazylfs::fs {

// What all replies of a connection share. Thread-safe.
class ReplyDesk {
 public:
  explicit ReplyDesk(Metrics& metrics) : metrics_(metrics) {}

  // Blocks until every request is answered. For the end of a connection: requests that wait for
  // bytes must not outlive it.
  void wait_until_idle();

 private:
  friend class Reply;
  void log_failure(std::string_view operation, const Error& error, int errno_value);

  struct LogBudget {
    std::chrono::steady_clock::time_point since;
    int lines = 0, dropped = 0;
  };

  Metrics& metrics_;
  std::atomic<int> unanswered_{0};
  Guarded<LogBudget> log_;
};

// Move-only. Dropped unanswered, it sends EIO. The functions that return false could not deliver
// because the asker is gone (interrupted): what the answer gave out must be taken back.
class Reply {
 public:
  Reply(fuse_req_t request, std::string_view operation, ReplyDesk& desk);
  Reply(Reply&& other) noexcept
      : request_(std::exchange(other.request_, nullptr)),
        operation_(other.operation_),
        desk_(other.desk_) {}
  Reply& operator=(Reply&&) = delete;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply();

  fuse_req_t request() const { return request_; }

  void error(const Error& error, Asked asked);
  void errno_value(int value);  // 0: success without a body
  bool entry(const fuse_entry_param& entry);
  bool open(const fuse_file_info& info);
  void attributes(const struct stat& attributes, double timeout_s);
  void link(const std::string& target);
  bool data(std::span<const std::byte> bytes);
  bool data(std::string_view text);
  // From a descriptor, without a copy through this process where the kernel can.
  void file_data(int fd, std::uint64_t offset, std::size_t length);
  void statistics(const struct statvfs& statistics);
  // The answer to getxattr and listxattr: the size when `size` is 0, ERANGE when it is too small.
  void attribute_value(std::string_view value, std::size_t size);
  void none();

 private:
  fuse_req_t take();
  void answered();

  fuse_req_t request_;
  std::string_view operation_;
  ReplyDesk* desk_;
};

}  // namespace lazylfs::fs
