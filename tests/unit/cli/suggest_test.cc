#include "cli/suggest.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kNames =
    std::to_array<std::string_view>({"cache", "env", "mount", "mounts", "unmount", "why"});

TEST(SuggestTest, DistanceCountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("mount", ""), 5U);
  EXPECT_EQ(edit_distance("mont", "mount"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("MOUNT", "mount"), 0U);
}

TEST(SuggestTest, NearNamesComeInTheirOrder) {
  EXPECT_THAT(suggestions("mont", kNames), ElementsAre("mount", "mounts"));
  EXPECT_THAT(suggestions("unmout", kNames), ElementsAre("unmount"));
}

TEST(SuggestTest, TheBeginningOfANameSuggestsIt) {
  EXPECT_THAT(suggestions("unmo", kNames), ElementsAre("unmount"));
}

TEST(SuggestTest, FarWordsSuggestNothing) { EXPECT_THAT(suggestions("nosuch", kNames), IsEmpty()); }

}  // namespace
}  // namespace lazylfs::cli
