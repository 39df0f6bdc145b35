#include "lfs/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs {
namespace {

using testing::ElementsAre;

TEST(Text, TrimsLowersComparesAndSplits) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(to_lower("AbZ-\xc3\x84"), "abz-\xc3\x84");
  EXPECT_TRUE(equals_ignoring_case("HeLLo", "hEllO"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Text, TakeUntilEatsTheSeparator) {
  std::string_view rest = "a=b=c";
  EXPECT_EQ(take_until(rest, '='), "a");
  EXPECT_EQ(rest, "b=c");
  EXPECT_EQ(take_until(rest, ';'), "b=c");
  EXPECT_EQ(rest, "");
}

TEST(Text, NumbersAreWholeOrNothing) {
  EXPECT_EQ(parse_int("-12"), -12);
  EXPECT_EQ(parse_uint("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", " 1", "1 ", "1x", "+1", "0x1", "99999999999999999999999"}) {
    EXPECT_EQ(parse_int(text), std::nullopt) << text;
    EXPECT_EQ(parse_uint(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_uint("-1"), std::nullopt);
}

TEST(Text, SizesAsPeopleWriteThem) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("10k"), 10240U);
  EXPECT_EQ(parse_size("10 KiB"), 10240U);
  EXPECT_EQ(parse_size("10KB"), 10000U);
  EXPECT_EQ(parse_size("1.5GiB"), 1610612736U);
  EXPECT_EQ(parse_size("20 GB"), 20000000000U);
  EXPECT_EQ(parse_size("2t"), 2199023255552U);
  EXPECT_EQ(parse_size("107 B"), 107U);
  EXPECT_EQ(parse_size(" 1m "), 1048576U);
  EXPECT_EQ(parse_size("0"), 0U);
  for (const char* text : {"", "k", "x", "1x", "1.5", "-1", "1kbb", "1.2.3k", "1 2", "10000000P",
                           "99999999999999999999", "9223372036854775808"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Text, SizesAreFormattedAsGitLfsDoes) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(107), "107 B");
  EXPECT_EQ(format_size(999), "999 B");
  EXPECT_EQ(format_size(1000), "1.0 KB");
  EXPECT_EQ(format_size(5000), "5.0 KB");
  EXPECT_EQ(format_size(12345), "12 KB");
  EXPECT_EQ(format_size(14000000), "14 MB");
  EXPECT_EQ(format_size(1500000000), "1.5 GB");
  EXPECT_EQ(format_size(9960), "10 KB");
  EXPECT_EQ(format_size(999999), "1000 KB");  // as upstream
  EXPECT_EQ(format_size(18446744073709551615U), "18447 PB");
}

TEST(Text, TimesRoundTrip) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(1769860800), "2026-01-31T12:00:00Z");
  for (const std::int64_t when : {0L, 1L, 951782400L, 1709164800L, 4102444800L}) {
    EXPECT_EQ(parse_time(format_time(when)), when);
  }
}

TEST(Text, TimesAsServersWriteThem) {
  EXPECT_EQ(parse_time("2026-01-31T12:00:00Z"), 1769860800);
  EXPECT_EQ(parse_time("2026-01-31T12:00:00.123456789Z"), 1769860800);
  EXPECT_EQ(parse_time("2026-01-31T14:00:00+02:00"), 1769860800);
  EXPECT_EQ(parse_time("2026-01-31T04:30:00-0730"), 1769860800);
  EXPECT_EQ(parse_time("2026-01-31 12:00:00"), 1769860800);
  EXPECT_EQ(parse_time("0001-01-01T00:00:00Z"), -62135596800);  // Go's zero time
  for (const char* text : {"", "2026", "2026-01-31", "tomorrow", "2026-13-01T00:00:00Z",
                           "2026-01-32T00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T12:60:00Z",
                           "2026-01-31T12:00:00+2", "2026-01-31T12:00:00Zx", "2026-00-31T12:00:00Z",
                           "-026-01-31T12:00:00Z", "2026--1-31T12:00:00Z"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(TextTest, QuotesAreThoseOfUpstreamsMessages) {
  EXPECT_EQ(go_quoted("a \"b\" \\c"), R"("a \"b\" \\c")");
  EXPECT_EQ(go_quoted("tab\tline\nbell\a"), R"("tab\tline\nbell\a")");
  EXPECT_EQ(go_quoted("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
            "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"");
  EXPECT_EQ(go_quoted("\xff\xc3 \xe0\x80\x80\x7f\x1b"), R"("\xff\xc3 \xe0\x80\x80\x7f\x1b")");
}

}  // namespace
}  // namespace lazylfs
