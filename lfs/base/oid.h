// The identity of an LFS object (SHA-256 of its content) and of ranges within it. Values;
// immutable.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "lfs/base/result.h"

namespace lazylfs {

class Oid {
 public:
  static constexpr std::size_t kBytes = 32;
  static constexpr std::size_t kHexLength = 2 * kBytes;

  Oid() = default;
  explicit Oid(const std::array<std::uint8_t, kBytes>& bytes) : bytes_(bytes) {}

  // Errc::invalid unless `hex` is exactly 64 lower-case hexadecimal digits.
  static Result<Oid> parse(std::string_view hex);

  std::string hex() const;
  const std::array<std::uint8_t, kBytes>& bytes() const { return bytes_; }

  auto operator<=>(const Oid&) const = default;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

// An object as the batch API and the cache name it.
struct ObjectId {
  Oid oid;
  std::uint64_t size = 0;  // bytes

  auto operator<=>(const ObjectId&) const = default;
};

// Bytes [offset, offset + length).
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  std::uint64_t end() const { return offset + length; }
  bool empty() const { return length == 0; }
  bool contains(const ByteRange& other) const {
    return other.offset >= offset && other.end() <= end();
  }
  // The common part; empty when there is none.
  ByteRange intersect(const ByteRange& other) const {
    const std::uint64_t from = std::max(offset, other.offset);
    const std::uint64_t to = std::min(end(), other.end());
    return from < to ? ByteRange{from, to - from} : ByteRange{from, 0};
  }
  auto operator<=>(const ByteRange&) const = default;
};

// Lower-case hexadecimal text of `bytes`.
std::string to_hex(const std::uint8_t* bytes, std::size_t count);

}  // namespace lazylfs

template <>
struct std::hash<lazylfs::Oid> {
  std::size_t operator()(const lazylfs::Oid& oid) const noexcept {
    std::size_t value = 0;  // an OID is uniformly distributed: any eight bytes of it are a hash
    std::memcpy(&value, oid.bytes().data(), sizeof value);
    return value;
  }
};
