#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/ref_folder.h"

namespace lazylfs::fs {
namespace {

using ::testing::ElementsAre;

lfs::GitOid git_oid(std::uint8_t byte) {
  lfs::GitOid oid;
  oid.bytes.fill(byte);
  return oid;
}

TEST(RefNamesTest, BranchesAndTagsAreListedRemotesOnlyFound) {
  const RefNames names({{"refs/heads/main", git_oid(1)},
                        {"refs/heads/feature/x", git_oid(2)},
                        {"refs/heads/feature/y/z", git_oid(3)},
                        {"refs/tags/v1", git_oid(4)},
                        {"refs/remotes/origin/main", git_oid(5)}});
  EXPECT_THAT(names.list(""), ElementsAre("feature", "main", "v1"));
  EXPECT_THAT(names.list("feature"), ElementsAre("x", "y"));
  EXPECT_TRUE(names.is_folder("feature/y"));
  EXPECT_TRUE(names.is_folder("origin"));
  EXPECT_FALSE(names.is_folder("feat"));
  EXPECT_EQ(names.commit("origin/main"), git_oid(5));
  EXPECT_EQ(names.commit("feature/y/z"), git_oid(3));
  EXPECT_FALSE(names.commit("feature"));
}

TEST(RefNamesTest, ABranchWinsOverATagOfItsName) {
  const RefNames names({{"refs/tags/x", git_oid(1)}, {"refs/heads/x", git_oid(2)}});
  EXPECT_EQ(names.commit("x"), git_oid(2));
}

TEST(RefNamesTest, OnlyHexadecimalNamesAreCommitIds) {
  EXPECT_TRUE(is_commit_id("abcd"));
  EXPECT_FALSE(is_commit_id("abc"));
  EXPECT_FALSE(is_commit_id("main~1"));
  EXPECT_FALSE(is_commit_id(std::string(41, 'a')));
}

}  // namespace
}  // namespace lazylfs::fs
