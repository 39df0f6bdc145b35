#include "lfs/attributes/wildmatch.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

bool within(std::string_view pattern, std::string_view text) {
  return WildPattern(pattern, Slashes::within_names).matches(text);
}
bool across(std::string_view pattern, std::string_view text) {
  return WildPattern(pattern, Slashes::cross).matches(text);
}

TEST(WildPatternTest, StarsStayWithinANameUnlessDoubled) {
  EXPECT_TRUE(within("a/*.bin", "a/x.bin"));
  EXPECT_FALSE(within("a/*.bin", "a/b/x.bin"));
  EXPECT_TRUE(within("a/**/x", "a/x"));
  EXPECT_TRUE(within("a/**/x", "a/b/c/x"));
  EXPECT_FALSE(within("a/**/x", "a/bx"));
  EXPECT_TRUE(within("**/x", "x"));
  EXPECT_TRUE(within("a/**", "a/b/c"));
  EXPECT_FALSE(within("a/b**c", "a/b/c"));
  EXPECT_TRUE(across("a*c", "a/b/c"));
}

TEST(WildPatternTest, SetsKnowRangesNegationAndClasses) {
  EXPECT_TRUE(within("[a-c]", "b"));
  EXPECT_FALSE(within("[!a-c]", "b"));
  EXPECT_TRUE(within("[^a-c]", "z"));
  EXPECT_TRUE(within("[]x]", "]"));
  EXPECT_TRUE(within("a[[:space:]]b", "a b"));
  EXPECT_TRUE(within("[[:digit:]x-z]", "y"));
  EXPECT_TRUE(within("[\\]]", "]"));
  EXPECT_FALSE(within("a[/]b", "a/b"));
  EXPECT_FALSE(within("a[!x]b", "a/b"));
}

TEST(WildPatternTest, MalformedPatternsMatchNothing) {
  EXPECT_FALSE(within("[a", "[a"));
  EXPECT_FALSE(within("a\\", "a\\"));
  EXPECT_FALSE(within("[[:nonsense:]]", "n"));
}

// A matcher that backtracks would need longer than the universe has.
TEST(WildPatternTest, HostilePatternsTakeLinearTime) {
  std::string pattern;
  for (int i = 0; i < 300; ++i) pattern += "*a";
  pattern += "b";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(across(pattern, std::string(2000, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace lazylfs::lfs
