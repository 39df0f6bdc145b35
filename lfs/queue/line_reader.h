// Lines from a pipe, bounded.
#pragma once

#include <string>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// Thread-compatible. Borrows the descriptor.
class LineReader {
 public:
  static constexpr std::size_t kLineBytesMax = 16U << 20U;

  explicit LineReader(int fd) : fd_(fd) {}
  // Without the line break. Errc::not_found at the end, Errc::corrupt for a line that is too long.
  Result<std::string> next();

 private:
  int fd_;
  std::string unread_;
};

}  // namespace lazylfs::lfs
