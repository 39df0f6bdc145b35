#include "cli/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/sandbox.h"

namespace lazylfs::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

cache::ObjectStatus cached(const std::string& content) {
  cache::ObjectStatus status;
  status.id = {Sha256::of(content), content.size()};
  return status;
}

TEST(OidTargetTest, FourToSixtyFourDigitsLookLikeAnId) {
  EXPECT_TRUE(looks_like_oid("abcd"));
  EXPECT_TRUE(looks_like_oid(std::string(64, '0')));
  EXPECT_FALSE(looks_like_oid("abc"));
  EXPECT_FALSE(looks_like_oid("ABCD"));
  EXPECT_FALSE(looks_like_oid("a.bin"));
  EXPECT_FALSE(looks_like_oid(std::string(65, '0')));
}

TEST(OidTargetTest, AnIdsBeginningMustBeUnique) {
  const std::vector<cache::ObjectStatus> objects = {cached("a"), cached("b")};
  const std::string hex = objects[0].id.oid.hex();
  EXPECT_EQ(find_cached_object(objects, hex.substr(0, 6))->oid, objects[0].id.oid);
  EXPECT_EQ(find_cached_object(objects, "0000").error().code(), Errc::not_found);
  const std::vector<cache::ObjectStatus> twice = {objects[0], objects[0]};
  EXPECT_EQ(find_cached_object(twice, hex.substr(0, 6)).error().code(), Errc::invalid);
}

class TargetsTest : public Sandbox {
 protected:
  std::vector<std::string> paths(const std::string& word, TargetOptions options = {}) {
    const auto settings = Settings::load(Arguments());
    if (!settings) return {settings.error().message()};
    TargetFinder finder(*settings, std::move(options));
    const auto found = finder.by_path(word);
    if (!found) return {found.error().message()};
    std::vector<std::string> names;
    for (const Target& target : *found) names.push_back(target.path);
    return names;
  }
  void SetUp() override {
    commit_lfs({{"a.bin", "one"}, {"d/b.bin", "two"}, {"d/e/c.bin", "three"}});
  }
};

TEST_F(TargetsTest, AFileNamesItself) { EXPECT_THAT(paths("d/b.bin"), ElementsAre("d/b.bin")); }

TEST_F(TargetsTest, AFolderNamesAllBelowIt) {
  EXPECT_THAT(paths("d"), UnorderedElementsAre("d/b.bin", "d/e/c.bin"));
  EXPECT_THAT(paths("d/"), UnorderedElementsAre("d/b.bin", "d/e/c.bin"));
  EXPECT_THAT(paths("."), UnorderedElementsAre("a.bin", "d/b.bin", "d/e/c.bin"));
}

TEST_F(TargetsTest, APatternMatchesNamesAtAnyDepth) {
  EXPECT_THAT(paths("*.bin"), UnorderedElementsAre("a.bin", "d/b.bin", "d/e/c.bin"));
  EXPECT_THAT(paths("d/*.bin"), UnorderedElementsAre("d/b.bin", "d/e/c.bin"));
  EXPECT_THAT(paths("[a]*.bin"), ElementsAre("a.bin"));
}

TEST_F(TargetsTest, PathsAreThoseOfTheCurrentFolder) {
  std::filesystem::current_path(repository + "/d");
  EXPECT_THAT(paths("b.bin"), ElementsAre("d/b.bin"));
  EXPECT_THAT(paths("*.bin"), UnorderedElementsAre("d/b.bin", "d/e/c.bin"));
  EXPECT_THAT(paths("../a.bin"), ElementsAre("a.bin"));
}

TEST_F(TargetsTest, ARepositoryCanBeNamedFromElsewhere) {
  std::filesystem::current_path("/");
  EXPECT_THAT(paths("d/b.bin", {"", repository}), ElementsAre("d/b.bin"));
  EXPECT_THAT(paths("d/b.bin", {"main", repository}), ElementsAre("d/b.bin"));
}

TEST_F(TargetsTest, WhatIsNotThereIsNamed) {
  EXPECT_THAT(paths("nosuch.bin"), ElementsAre(HasSubstr("nosuch.bin")));
  EXPECT_THAT(paths("plain.txt"), ElementsAre(HasSubstr("no LFS file")));
  EXPECT_THAT(paths("../outside"), ElementsAre(HasSubstr("outside the repository")));
  EXPECT_THAT(paths("a.bin", {"nosuchref", ""}), ElementsAre(HasSubstr("nosuchref")));
}

TEST_F(TargetsTest, AFileOutsideAnyRepositoryIsRefused) {
  std::filesystem::current_path("/");
  EXPECT_THAT(paths("a.bin"), ElementsAre(HasSubstr("neither in a mount nor in a Git repository")));
}

}  // namespace
}  // namespace lazylfs::cli
