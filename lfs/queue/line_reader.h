// Lines from a pipe, bounded.
#pragma once

#include <chrono>
#include <string>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// Thread-compatible. Borrows the descriptor.
class LineReader {
 public:
  static constexpr std::size_t kLineBytesMax = 16U << 20U;

  // `silence`: how long to wait for more; zero: for ever.
  explicit LineReader(int fd, std::chrono::seconds silence = {}) : fd_(fd), silence_(silence) {}
  // Without the line break. Errc::not_found at the end, Errc::corrupt for a line that is too long,
  // Errc::timed_out after a silence.
  Result<std::string> next();

 private:
  int fd_;
  std::chrono::seconds silence_;
  std::string unread_;
};

}  // namespace lazylfs::lfs
