#include "cli/glob.h"

#include <gtest/gtest.h>

namespace lazylfs::cli {
namespace {

TEST(GlobTest, AStarStaysWithinAFolder) {
  EXPECT_TRUE(glob_matches("a/*.bin", "a/b.bin"));
  EXPECT_FALSE(glob_matches("a/*.bin", "a/b/c.bin"));
  EXPECT_FALSE(glob_matches("*", "a/b"));
  EXPECT_TRUE(glob_matches("[ab]?", "b1"));
  EXPECT_FALSE(glob_matches("[!ab]?", "b1"));
}

TEST(GlobTest, TwoStarsCrossFolders) {
  EXPECT_TRUE(glob_matches("**/c.bin", "c.bin"));
  EXPECT_TRUE(glob_matches("**/c.bin", "a/b/c.bin"));
  EXPECT_TRUE(glob_matches("a/**/c.bin", "a/c.bin"));
  EXPECT_TRUE(glob_matches("a/**", "a/b/c.bin"));
  EXPECT_FALSE(glob_matches("a/**", "b/c.bin"));
  EXPECT_FALSE(glob_matches("a/**", "a"));
}

TEST(GlobTest, TheWholePathMustMatch) {
  EXPECT_FALSE(glob_matches("a", "a/b"));
  EXPECT_FALSE(glob_matches("a/b", "a"));
  EXPECT_TRUE(glob_matches("a\\*b", "a*b"));
  EXPECT_FALSE(glob_matches("a\\*b", "axb"));
}

TEST(GlobTest, APatternWithoutASlashMatchesNamesAtAnyDepth) {
  EXPECT_TRUE(path_selected("*.bin", "a/b/c.bin"));
  EXPECT_FALSE(path_selected("*.bin", "a/b/c.txt"));
  EXPECT_FALSE(path_selected("a/*.bin", "x/a/b.bin"));
}

TEST(GlobTest, AMatchedFolderCoversWhatIsBelow) {
  EXPECT_TRUE(path_selected("mod*", "models/x/y.onnx"));
  EXPECT_TRUE(path_selected("a/b", "a/b/c"));
  EXPECT_FALSE(path_selected("a/b", "a/bc"));
}

TEST(GlobTest, AnEmptyPatternMatchesEverything) { EXPECT_TRUE(path_selected("", "a/b")); }

TEST(GlobTest, KnowsPatternsFromPaths) {
  EXPECT_TRUE(has_glob("a/*"));
  EXPECT_TRUE(has_glob("a[1]"));
  EXPECT_FALSE(has_glob("a/b.c"));
}

}  // namespace
}  // namespace lazylfs::cli
