// Arithmetic of blocks: which blocks a byte range touches, which bytes a block has.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cache/cache.h"
#include "lfs/base/oid.h"

namespace lazylfs::cache {

// Blocks [first, last).
struct BlockSpan {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  bool empty() const { return first >= last; }
  std::uint64_t count() const { return empty() ? 0 : last - first; }
  BlockSpan intersect(const BlockSpan& other) const {
    return {std::max(first, other.first), std::min(last, other.last)};
  }
  auto operator<=>(const BlockSpan&) const = default;
};

inline std::uint64_t block_count(std::uint64_t size) {
  return size / kBlockBytes + (size % kBlockBytes != 0 ? 1 : 0);
}

// The range without what lies past the end of an object of `size` bytes. No overflow, whatever the
// range.
inline ByteRange cut_to_size(const ByteRange& range, std::uint64_t size) {
  if (range.offset >= size) return {size, 0};
  return {range.offset, std::min(range.length, size - range.offset)};
}

// Every block that has a byte of `range`.
inline BlockSpan blocks_touching(const ByteRange& range, std::uint64_t size) {
  const ByteRange cut = cut_to_size(range, size);
  if (cut.empty()) return {};
  return {cut.offset / kBlockBytes, (cut.end() - 1) / kBlockBytes + 1};
}

// Every block all of whose bytes lie in `range`; the last block may be short.
inline BlockSpan blocks_inside(const ByteRange& range, std::uint64_t size) {
  const ByteRange cut = cut_to_size(range, size);
  const std::uint64_t first = (cut.offset + kBlockBytes - 1) / kBlockBytes;
  const std::uint64_t last = cut.end() == size ? block_count(size) : cut.end() / kBlockBytes;
  return {first, std::max(first, last)};
}

inline ByteRange bytes_of(const BlockSpan& span, std::uint64_t size) {
  if (span.empty()) return {};
  const std::uint64_t offset = span.first * kBlockBytes;
  return {offset, std::min(span.last * kBlockBytes, size) - offset};
}

}  // namespace lazylfs::cache
