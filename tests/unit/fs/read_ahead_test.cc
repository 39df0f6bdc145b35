#include "fs/read_ahead.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kKiB = 1024, kMiB = 1024 * kKiB;
constexpr std::uint64_t kFile = 512 * kMiB;

std::uint64_t total(const std::vector<ByteRange>& ranges) {
  std::uint64_t bytes = 0;
  for (const ByteRange& range : ranges) bytes += range.length;
  return bytes;
}

// Reads in steps of 128 KiB and gathers what is asked for.
std::vector<ByteRange> read_through(ReadAhead& policy, std::uint64_t from, std::uint64_t to) {
  std::vector<ByteRange> all;
  for (std::uint64_t at = from; at < to; at += 128 * kKiB) {
    for (const ByteRange& range : policy.on_read({at, 128 * kKiB})) all.push_back(range);
  }
  return all;
}

TEST(ReadAheadTest, ASmallFileIsTakenWholeAtItsStart) {
  ReadAhead policy(300 * kKiB);
  const auto ranges = policy.on_read({0, 4 * kKiB});
  ASSERT_THAT(ranges, SizeIs(1));
  EXPECT_EQ(ranges[0], (ByteRange{4 * kKiB, 296 * kKiB}));
}

TEST(ReadAheadTest, OneByteOfALargeFileCostsLittle) {
  ReadAhead policy(5ULL << 30U);
  EXPECT_LE(total(policy.on_read({0, 1})), kMiB);
}

TEST(ReadAheadTest, RandomReadsAskForNothingMore) {
  ReadAhead policy(kFile);
  std::mt19937_64 random(7);  // NOLINT(bugprone-random-generator-seed): repeatable
  std::uint64_t asked = 0;
  for (int i = 0; i < 100; ++i) {
    asked += total(policy.on_read({random() % (kFile / 4096) * 4096, 4 * kKiB}));
  }
  EXPECT_LE(asked, 4 * kMiB);
}

TEST(ReadAheadTest, ASequentialReaderKeepsManySegmentsUnderWay) {
  ReadAhead policy(kFile);
  (void)read_through(policy, 0, 32 * kMiB);
  const auto ranges = read_through(policy, 32 * kMiB, 64 * kMiB);
  const std::uint64_t end = std::ranges::max(ranges, {}, &ByteRange::end).end();
  EXPECT_GE(end, 64 * kMiB + 56 * kMiB);
  EXPECT_LE(end, 64 * kMiB + 64 * kMiB);
  for (const ByteRange& range : ranges) EXPECT_LE(range.length, 4 * kMiB);
}

TEST(ReadAheadTest, SegmentsThatGrowStayWhole) {
  ReadAhead policy(kFile);
  const auto ranges = read_through(policy, 0, 64 * kMiB);
  // Up to the first mebibyte's end requests grow from nothing.
  const auto small = std::ranges::count_if(
      ranges, [](const ByteRange& range) { return range.offset >= kMiB && range.length < kMiB; });
  EXPECT_EQ(small, 0);
  EXPECT_LE(ranges.size(), 64U);
}

TEST(ReadAheadTest, NothingIsAskedForTwiceAndNothingIsLeftOut) {
  ReadAhead policy(100 * kMiB + 5);
  auto ranges = read_through(policy, 0, 100 * kMiB + 5);
  ASSERT_FALSE(ranges.empty());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    EXPECT_EQ(ranges[i].offset, ranges[i - 1].end());
  }
  EXPECT_EQ(ranges.back().end(), 100 * kMiB + 5);
}

TEST(ReadAheadTest, ReadsThatOvertakeEachOtherAreOneStream) {
  ReadAhead policy(kFile);
  std::uint64_t asked = 0;
  for (std::uint64_t at = 0; at < 16 * kMiB; at += 256 * kKiB) {
    asked += total(policy.on_read({at + 128 * kKiB, 128 * kKiB}));
    asked += total(policy.on_read({at, 128 * kKiB}));
  }
  EXPECT_GE(asked, 60 * kMiB);
  EXPECT_LE(asked, 16 * kMiB + 64 * kMiB);
}

TEST(ReadAheadTest, InterleavedStreamsEachHaveTheirWindow) {
  ReadAhead policy(kFile);
  std::array<std::uint64_t, 8> asked{};
  for (std::uint64_t step = 0; step < 16; ++step) {
    for (std::uint64_t stream = 0; stream < asked.size(); ++stream) {
      const std::uint64_t at = stream * 60 * kMiB + step * 128 * kKiB;
      asked.at(stream) += total(policy.on_read({at, 128 * kKiB}));
    }
  }
  for (const std::uint64_t bytes : asked) {
    EXPECT_GE(bytes, 4 * kMiB);
    EXPECT_LE(bytes, 12 * kMiB) << "streams share the limit";
  }
}

TEST(ReadAheadTest, ABackwardReaderIsMetBeforeItsOffset) {
  ReadAhead policy(kFile);
  std::vector<ByteRange> all;
  for (std::uint64_t at = 100 * kMiB; at > 96 * kMiB; at -= 128 * kKiB) {
    for (const ByteRange& range : policy.on_read({at, 128 * kKiB})) {
      EXPECT_LE(range.end(), at);
      all.push_back(range);
    }
  }
  EXPECT_GE(total(all), 8 * kMiB);
}

TEST(ReadAheadTest, NothingIsAskedForBeyondTheEnd) {
  ReadAhead policy(10 * kMiB);
  EXPECT_THAT(policy.on_read({10 * kMiB, 4096}), IsEmpty());
  for (const ByteRange& range : read_through(policy, 8 * kMiB, 10 * kMiB)) {
    EXPECT_LE(range.end(), 10 * kMiB);
  }
}

}  // namespace
}  // namespace lazylfs::fs
