#include "lfs/attributes/path_filter.h"

#include <string>

#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

bool includes(const std::string& pattern, std::string_view path, bool ignore_case = false) {
  return PathFilter({pattern}, {}, ignore_case).allows(path);
}

TEST(PathFilterTest, APatternWithoutASlashMatchesNamesAtAnyDepth) {
  EXPECT_TRUE(includes("*.bin", "x.bin"));
  EXPECT_TRUE(includes("*.bin", "a/b/x.bin"));
  EXPECT_TRUE(includes("b", "a/b/x.bin"));
  EXPECT_TRUE(includes("[ac]", "c/b/y.bin"));
  EXPECT_FALSE(includes("b", "a/bb/x.bin"));
  EXPECT_FALSE(includes(".", "a"));
}

TEST(PathFilterTest, APatternWithASlashIsMatchedFromTheRoot) {
  EXPECT_TRUE(includes("a/b", "a/b/x.bin"));
  EXPECT_FALSE(includes("b/x.bin", "a/b/x.bin"));
  EXPECT_TRUE(includes("/a", "a/x.bin"));
  EXPECT_FALSE(includes("/b", "a/b/x.bin"));
  EXPECT_TRUE(includes("/*.dat", "a.dat"));
  EXPECT_FALSE(includes("/*.dat", "Dir/z.dat"));
  EXPECT_TRUE(includes("a/*", "a/b/x.bin"));
  EXPECT_TRUE(includes("a/**", "a/b/x.bin"));
  EXPECT_TRUE(includes("**/b", "c/b/y.bin"));
}

TEST(PathFilterTest, ASlashAtTheEndAsksForAFolder) {
  EXPECT_TRUE(includes("b/", "a/b/x.bin"));
  EXPECT_FALSE(includes("x.bin/", "a/x.bin"));
  EXPECT_TRUE(includes("a/b/", "a/b/x.bin"));
}

TEST(PathFilterTest, CaseMattersUnlessTheRepositorySaysOtherwise) {
  EXPECT_FALSE(includes("DIR", "dir/x"));
  EXPECT_TRUE(includes("DIR", "dir/x", true));
  EXPECT_TRUE(includes("*.BIN", "x.bin", true));
  EXPECT_TRUE(includes("[A-C]x", "bX", true));
}

TEST(PathFilterTest, FoldersThatNothingIsAllowedBelowAreKnown) {
  const auto below = [](const std::string& pattern, std::string_view folder) {
    return PathFilter({pattern}, {}).may_allow_below(folder);
  };
  EXPECT_FALSE(below("a/b/x.bin", "c"));
  EXPECT_FALSE(below("a/b/x.bin", "a/c"));
  EXPECT_FALSE(below("/a/*.bin", "b"));
  EXPECT_TRUE(PathFilter({}, {"a"}).may_allow_below("a"));
  // Whatever matches below a folder may be looked for in it.
  for (const char* pattern : {"a/b", "b", "b/", "/a", "a/*", "a/**", "**/b", "a/b/x.bin", "*.bin",
                              "a/b*/x.bin", "a/b/"}) {
    const std::string path = "a/b/x.bin";
    if (!includes(pattern, path)) continue;
    EXPECT_TRUE(below(pattern, "a")) << pattern;
    EXPECT_TRUE(below(pattern, "a/b")) << pattern;
  }
}

TEST(PathFilterTest, AnExcludeBeatsAnInclude) {
  const PathFilter filter({"a"}, {"b"});
  EXPECT_TRUE(filter.allows("a/x"));
  EXPECT_FALSE(filter.allows("a/b/x"));
  EXPECT_FALSE(filter.allows("c"));
  EXPECT_TRUE(PathFilter().allows("anything"));
}

TEST(PathFilterTest, OptionsReplaceTheConfiguration) {
  const Config config(std::vector<ConfigEntry>{{"lfs.fetchinclude", " a/ , *.bin"},
                                               {"lfs.fetchexclude", "skip"},
                                               {"core.ignorecase", "true"}});
  const PathFilter configured = PathFilter::from(config, nullptr, nullptr, true);
  EXPECT_EQ(configured.include(), (std::vector<std::string>{"a", "*.bin"}));
  EXPECT_EQ(configured.exclude(), std::vector<std::string>{"skip"});
  EXPECT_TRUE(configured.allows("A/x"));

  const std::string none;
  const std::string other = "c";
  const PathFilter given = PathFilter::from(config, &none, &other, true);
  EXPECT_TRUE(given.include().empty());
  EXPECT_EQ(given.exclude(), std::vector<std::string>{"c"});
  EXPECT_TRUE(PathFilter::from(config, nullptr, nullptr, false).empty());
}

}  // namespace
}  // namespace lazylfs::lfs
