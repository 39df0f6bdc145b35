// How read-ahead decides.
//
// Memory-mapped loaders read one file at several places in turn, so a file has up to sixteen
// streams. A read belongs to the stream whose covered range it touches, give or take a slack: the
// kernel sends its own read-ahead requests from several threads, so they arrive slightly out of
// order. Anything else starts a new stream in the least recently used place, and a stream's first
// read fetches nothing beyond itself: random access costs only what it asks for. The exception is
// a read of the file's start, which is usually followed by more.
//
// From its second read on a stream wants as much again as it has read, and four times as much once
// that is a mebibyte, within limits that the active streams share. The window moves on as soon as
// one segment fits into it, not when it is used up, so that the number of connections under way
// stays constant.
#include "fs/read_ahead.h"

#include <algorithm>
#include <bit>

namespace lazylfs::fs {
namespace {

constexpr std::uint64_t kGrowth = 4;  // window / bytes read in sequence
constexpr std::uint64_t kSegmentsOfWindow = 8;
// A shorter run may be one column of a table: as much again is fetched ahead, not more.
constexpr std::uint64_t kProvenBytes = 1U << 20U;
// Larger reads come from the kernel's read-ahead and may overtake each other.
constexpr std::uint64_t kSmallRead = 64U << 10U;
constexpr std::uint64_t kSlackSmall = 64U << 10U;
constexpr std::uint64_t kSlackLarge = 512U << 10U;

std::uint64_t minus(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

std::vector<ByteRange> ReadAhead::on_read(ByteRange read) {
  std::vector<ByteRange> ranges;
  read = read.intersect({0, file_size_});
  if (read.empty()) return ranges;
  ++clock_;

  Stream* known = find(read);
  if (known == nullptr) {
    Stream& stream = start(read);
    if (read.offset != 0) return ranges;
    const std::uint64_t target =
        file_size_ <= limits_.small_file_bytes ? file_size_ : read.end() + limits_.start_bytes;
    reach_forward(stream, target, limits_.segment_bytes_max, ranges);
    return ranges;
  }

  Stream& stream = *known;
  stream.last_use = clock_;
  if (read.end() > stream.covered.end()) ++stream.forward;
  if (read.offset < stream.covered.offset) ++stream.backward;
  const std::uint64_t from = std::min(read.offset, stream.covered.offset);
  stream.covered = {from, std::max(read.end(), stream.covered.end()) - from};

  const std::uint64_t window = window_of(stream);
  // Powers of two: the ends of segments that grow fall on each other, and none is a scrap.
  const std::uint64_t segment = std::clamp(std::bit_floor(window / kSegmentsOfWindow),
                                           limits_.segment_bytes_min, limits_.segment_bytes_max);
  if (stream.forward >= stream.backward) {
    if (stream.forward > 0) {
      reach_forward(stream, stream.covered.end() + window, segment, ranges);
    }
  } else {
    reach_backward(stream, window, segment, ranges);
  }
  return ranges;
}

ReadAhead::Stream* ReadAhead::find(const ByteRange& read) {
  const std::uint64_t slack = read.length < kSmallRead ? kSlackSmall : kSlackLarge;
  Stream* best = nullptr;
  for (Stream& stream : streams_) {
    if (stream.last_use == 0) continue;
    const bool touches =
        read.offset <= stream.covered.end() + slack && read.end() + slack >= stream.covered.offset;
    if (touches && (best == nullptr || stream.last_use > best->last_use)) best = &stream;
  }
  return best;
}

ReadAhead::Stream& ReadAhead::start(const ByteRange& read) {
  Stream& oldest = *std::ranges::min_element(streams_, {}, &Stream::last_use);
  oldest = Stream{
      .covered = read, .wanted_end = read.end(), .wanted_begin = read.offset, .last_use = clock_};
  return oldest;
}

std::uint64_t ReadAhead::window_of(const Stream& stream) const {
  // A stream that has not moved for many reads does not take part in the sharing.
  constexpr std::uint64_t kRecent = 256;
  const auto active = static_cast<std::uint64_t>(std::ranges::count_if(streams_, [&](auto& other) {
    return other.forward + other.backward > 1 && other.last_use + kRecent > clock_;
  }));
  const std::uint64_t share = limits_.window_bytes_max / std::max<std::uint64_t>(active, 1);
  const std::uint64_t growth = stream.covered.length < kProvenBytes ? 1 : kGrowth;
  return std::clamp(stream.covered.length * growth, limits_.window_bytes_min,
                    std::max(share, limits_.window_bytes_min));
}

void ReadAhead::reach_forward(Stream& stream, std::uint64_t target, std::uint64_t segment,
                              std::vector<ByteRange>& ranges) const {
  target = std::min(target, file_size_);
  // What the reader passed by itself needs no fetch any more.
  std::uint64_t from = std::max(stream.wanted_end, stream.covered.end());
  while (from < target) {
    // Segments end at multiples of their size, so that neighbours do not share a block.
    const std::uint64_t to = std::min((from / segment + 1) * segment, file_size_);
    if (to > target) {
      // The rest waits until it fills a segment, unless the window is but one.
      if (from > stream.covered.end()) break;
      ranges.push_back({from, target - from});
      from = target;
      break;
    }
    ranges.push_back({from, to - from});
    from = to;
  }
  stream.wanted_end = from;
}

void ReadAhead::reach_backward(Stream& stream, std::uint64_t window, std::uint64_t segment,
                               std::vector<ByteRange>& ranges) const {
  const std::uint64_t target = minus(stream.covered.offset, window);
  std::uint64_t from = std::min(stream.wanted_begin, stream.covered.offset);
  while (from > target) {
    const std::uint64_t to = (from - 1) / segment * segment;
    if (to < target && from < stream.covered.offset) break;
    ranges.push_back({std::max(to, target), from - std::max(to, target)});
    from = std::max(to, target);
  }
  stream.wanted_begin = from;
}

}  // namespace lazylfs::fs
