#include "tests/server/synthetic.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "lfs/base/sha256.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kTableBytes = 1U << 20U;
constexpr std::size_t kPageBytes = 4096;

const std::vector<std::byte>& table() {
  static const std::vector<std::byte> kTable = [] {
    std::vector<std::byte> bytes(kTableBytes);
    std::uint64_t state = 0x9e3779b97f4a7c15U;
    for (std::size_t i = 0; i < kTableBytes; i += sizeof state) {
      state ^= state << 13U;
      state ^= state >> 7U;
      state ^= state << 17U;
      std::memcpy(&bytes[i], &state, sizeof state);
    }
    return bytes;
  }();
  return kTable;
}

}  // namespace

void Synthetic::read(std::uint64_t offset, std::span<std::byte> into) const {
  const std::vector<std::byte>& source = table();
  for (std::size_t done = 0; done < into.size();) {
    const auto from = static_cast<std::size_t>((offset + done) % kTableBytes);
    const std::size_t count = std::min(into.size() - done, kTableBytes - from);
    std::memcpy(&into[done], &source[from], count);
    done += count;
  }
  const std::uint64_t end = offset + into.size();
  for (std::uint64_t page = offset / kPageBytes; page * kPageBytes < end; ++page) {
    std::array<std::byte, 8> stamp{};
    for (unsigned i = 0; i < stamp.size(); ++i) {
      stamp.at(i) = static_cast<std::byte>(((page ^ seed_) >> (8U * i)) & 0xffU);
    }
    for (std::uint64_t i = 0; i < stamp.size(); ++i) {
      const std::uint64_t at = page * kPageBytes + i;
      if (at >= offset && at < end) {
        into[static_cast<std::size_t>(at - offset)] = stamp.at(static_cast<std::size_t>(i));
      }
    }
  }
}

ObjectId Synthetic::identify(std::uint64_t size) const {
  Sha256 hash;
  std::vector<std::byte> buffer(kTableBytes);
  for (std::uint64_t at = 0; at < size;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - at));
    read(at, std::span(buffer).first(count));
    hash.update(std::span<const std::byte>(buffer).first(count));
    at += count;
  }
  return {.oid = hash.digest(), .size = size};
}

}  // namespace lazylfs::server
