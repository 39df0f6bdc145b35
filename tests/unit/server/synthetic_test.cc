#include "tests/server/synthetic.h"

#include <vector>

#include <gtest/gtest.h>

#include "lfs/base/sha256.h"

namespace lazylfs::server {
namespace {

std::vector<std::byte> read(std::uint64_t seed, std::uint64_t offset, std::size_t length) {
  std::vector<std::byte> bytes(length);
  Synthetic(seed).read(offset, bytes);
  return bytes;
}

TEST(Synthetic, AnyRangeIsThatPartOfTheWhole) {
  const std::vector<std::byte> whole = read(7, 0, 3U << 20U);
  for (const std::size_t offset : {0U, 1U, 4095U, 4096U, 4100U, 1048570U, 2097151U}) {
    for (const std::size_t length : {1U, 7U, 4096U, 100000U}) {
      const auto from = whole.begin() + static_cast<std::ptrdiff_t>(offset);
      EXPECT_EQ(read(7, offset, length),
                std::vector<std::byte>(from, from + static_cast<std::ptrdiff_t>(length)))
          << offset << "+" << length;
    }
  }
}

TEST(Synthetic, PagesAndSeedsDiffer) {
  EXPECT_NE(read(7, 0, 4096), read(7, 1U << 20U, 4096));
  EXPECT_NE(read(7, 0, 4096), read(8, 0, 4096));
}

TEST(Synthetic, IsIdentifiedByTheDigestOfItsBytes) {
  const std::vector<std::byte> whole = read(3, 0, 1500000);
  const ObjectId id = Synthetic(3).identify(1500000);
  EXPECT_EQ(id.oid, Sha256::of(std::span<const std::byte>(whole)));
  EXPECT_EQ(id.size, 1500000U);
}

}  // namespace
}  // namespace lazylfs::server
