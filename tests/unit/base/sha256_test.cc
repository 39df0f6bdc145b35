#include "lfs/base/sha256.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace lazylfs {
namespace {

std::vector<std::byte> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

Oid reference(std::span<const std::byte> data) {
  std::array<std::uint8_t, Oid::kBytes> bytes{};
  EVP_Digest(data.data(), data.size(), bytes.data(), nullptr, EVP_sha256(), nullptr);
  return Oid(bytes);
}

TEST(Sha256, KnownTexts) {
  EXPECT_EQ(Sha256::of("").hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256::of("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, EveryLengthAgreesWithTheReference) {
  const auto data = random_bytes(300, 1);
  for (std::size_t length = 0; length <= data.size(); ++length) {
    const auto part = std::span(data).first(length);
    EXPECT_EQ(Sha256::of(part), reference(part)) << length;
  }
}

TEST(Sha256, PiecesMakeTheWhole) {
  const auto data = random_bytes(100000, 2);
  std::mt19937 random(3);
  Sha256 hasher;
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t length = std::min<std::size_t>(random() % 1000, data.size() - at);
    hasher.update(std::span(data).subspan(at, length));
    at += length;
  }
  EXPECT_EQ(hasher.bytes_hashed(), data.size());
  EXPECT_EQ(hasher.digest(), reference(data));
}

TEST(Sha256, TheDigestOfAPrefixDoesNotDisturbTheRest) {
  const auto data = random_bytes(1000, 4);
  Sha256 hasher;
  hasher.update(std::span(data).first(333));
  EXPECT_EQ(hasher.digest(), reference(std::span(data).first(333)));
  hasher.update(std::span(data).subspan(333));
  EXPECT_EQ(hasher.digest(), reference(data));
}

TEST(Sha256, ASavedStateContinuesAtEveryBlock) {
  const auto data = random_bytes(64 * 40 + 17, 5);
  const Oid whole = reference(data);
  Sha256 hasher;
  for (std::size_t at = 0; at + 64 <= data.size(); at += 64) {
    Sha256 resumed(hasher.state(), at);
    EXPECT_EQ(resumed.bytes_hashed(), at);
    resumed.update(std::span(data).subspan(at));
    EXPECT_EQ(resumed.digest(), whole) << at;
    hasher.update(std::span(data).subspan(at, 64));
  }
}

TEST(Sha256, StatesAreALedgerOfBlocks) {
  const auto data = random_bytes(64 * 3, 6);
  Sha256 hasher;
  hasher.update(std::span(data).first(64));
  const Sha256::State before = hasher.state();
  hasher.update(std::span(data).subspan(64, 64));
  const Sha256::State after = hasher.state();

  Sha256 again(before, 64);
  again.update(std::span(data).subspan(64, 64));
  EXPECT_EQ(again.state(), after);
  Sha256 wrong(before, 64);
  wrong.update(std::span(data).subspan(128, 64));
  EXPECT_NE(wrong.state(), after);
}

// The bit count spills into its second word at 512 MiB.
TEST(Sha256, AStateBeyondFourGibibitsCountsItsLength) {
  const std::vector<std::byte> block(1U << 20U);
  const std::uint64_t length = (std::uint64_t{512} << 20U) + block.size();
  Sha256 whole;
  for (std::uint64_t at = 0; at < length; at += block.size()) whole.update(block);
  Sha256 resumed(whole.state(), length);
  const auto tail = random_bytes(100, 7);
  whole.update(tail);
  resumed.update(tail);
  EXPECT_EQ(resumed.digest(), whole.digest());
}

}  // namespace
}  // namespace lazylfs
