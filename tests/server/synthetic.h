// Objects that need no disk: content made from a seed while it is sent, so that an object of many
// GiB costs nothing and every byte of it can be predicted.
//
// Content: a table of 1 MiB of pseudo-random bytes repeats for ever; the first eight bytes of each
// 4 KiB page are the page's number (little-endian) exclusive-or the seed. So every page differs,
// and a page that is served from the wrong place is noticed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lfs/base/oid.h"

namespace lazylfs::server {

// Immutable.
class Synthetic {
 public:
  explicit Synthetic(std::uint64_t seed) : seed_(seed) {}

  void read(std::uint64_t offset, std::span<std::byte> into) const;
  // The identity of the first `size` bytes. Reads all of them.
  ObjectId identify(std::uint64_t size) const;

 private:
  std::uint64_t seed_;
};

}  // namespace lazylfs::server
