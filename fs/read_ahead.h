// What to fetch beyond a read: windows that grow with each recognised stream of one file.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lfs/base/oid.h"

namespace lazylfs::fs {

struct ReadAheadLimits {
  std::uint64_t small_file_bytes = 1U << 20U;  // taken whole at a read of its start
  std::uint64_t start_bytes = 512U << 10U;     // beyond the first read, when that is at offset 0
  std::uint64_t window_bytes_min = 128U << 10U;
  std::uint64_t window_bytes_max = 64U << 20U;  // of all streams together
  std::uint64_t segment_bytes_min = 1U << 20U;
  std::uint64_t segment_bytes_max = 4U << 20U;
};

// The policy for one open file. Pure: it is told of reads and answers with ranges to prefetch, one
// for each connection that is worth while. Thread-compatible.
class ReadAhead {
 public:
  explicit ReadAhead(std::uint64_t file_size, ReadAheadLimits limits = {})
      : file_size_(file_size), limits_(limits) {}

  std::vector<ByteRange> on_read(ByteRange read);

 private:
  struct Stream {
    ByteRange covered;             // read so far, in one piece
    std::uint64_t wanted_end = 0;  // ahead of it, asked for already
    std::uint64_t wanted_begin = 0;
    int forward = 0, backward = 0;  // steps seen in either direction
    std::uint64_t last_use = 0;     // 0: unused
  };

  Stream* find(const ByteRange& read);
  Stream& start(const ByteRange& read);
  std::uint64_t window_of(const Stream& stream) const;
  void reach_forward(Stream& stream, std::uint64_t target, std::uint64_t segment,
                     std::vector<ByteRange>& ranges) const;
  void reach_backward(Stream& stream, std::uint64_t window, std::uint64_t segment,
                      std::vector<ByteRange>& ranges) const;

  std::uint64_t file_size_;
  ReadAheadLimits limits_;
  std::array<Stream, 16> streams_{};
  std::uint64_t clock_ = 0;
};

}  // namespace lazylfs::fs
