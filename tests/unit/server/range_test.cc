#include "tests/server/range.h"

#include <gtest/gtest.h>

namespace lazylfs::server {
namespace {

using Outcome = RangeRequest::Outcome;

constexpr std::uint64_t kSize = 100;

ByteRange part(std::string_view header) {
  const RangeRequest parsed = parse_range(header, kSize);
  EXPECT_EQ(parsed.outcome, Outcome::part) << header;
  return parsed.range;
}

TEST(Range, SelectsFromFirstToLastByte) {
  EXPECT_EQ(part("bytes=0-0"), (ByteRange{0, 1}));
  EXPECT_EQ(part("bytes=10-19"), (ByteRange{10, 10}));
  EXPECT_EQ(part("bytes=99-99"), (ByteRange{99, 1}));
}

TEST(Range, EndsWithTheObjectWhenItAsksForMore) {
  EXPECT_EQ(part("bytes=90-"), (ByteRange{90, 10}));
  EXPECT_EQ(part("bytes=90-1000"), (ByteRange{90, 10}));
}

TEST(Range, CountsASuffixFromTheEnd) {
  EXPECT_EQ(part("bytes=-5"), (ByteRange{95, 5}));
  EXPECT_EQ(part("bytes=-500"), (ByteRange{0, 100}));
}

TEST(Range, BeyondTheEndIsUnsatisfiable) {
  EXPECT_EQ(parse_range("bytes=100-", kSize).outcome, Outcome::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-0", kSize).outcome, Outcome::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=0-0", 0).outcome, Outcome::unsatisfiable);
}

TEST(Range, SeveralRangesOrNonsenseSelectTheWhole) {
  for (const char* header :
       {"", "bytes=0-1,5-6", "items=0-1", "bytes=5", "bytes=5-4", "bytes=a-b"}) {
    const RangeRequest parsed = parse_range(header, kSize);
    EXPECT_EQ(parsed.outcome, Outcome::whole) << header;
    EXPECT_EQ(parsed.range, (ByteRange{0, kSize})) << header;
  }
}

}  // namespace
}  // namespace lazylfs::server
