#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree_fixture.h"

namespace lazylfs::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using TreeSwitchTest = TreeTest;

TEST_F(TreeSwitchTest, ChangedNamesAreAddedRemovedAndDifferentOnes) {
  sandbox_.write("same", "1");
  sandbox_.write("gone", "1");
  sandbox_.write("other", "1");
  sandbox_.write("mode", "1");
  sandbox_.write("kept/f", "1");
  sandbox_.write("touched/f", "1");
  const std::string first = sandbox_.commit_all(100);
  std::filesystem::remove(sandbox_.path("gone"));
  sandbox_.write("new", "1");
  sandbox_.write("other", "2");
  sandbox_.write("touched/f", "2");
  std::filesystem::permissions(sandbox_.path("mode"), std::filesystem::perms::owner_all);
  const std::string second = sandbox_.commit_all(200);

  const auto tree = open(first);
  EXPECT_THAT(must(tree->switch_to(commit(second))),
              UnorderedElementsAre("gone", "mode", "new", "other", "touched"));
  EXPECT_FALSE(tree->lookup(kRootInode, "gone"));
  EXPECT_EQ(look_up(*tree, "kept").mtime, 200);
  EXPECT_THAT(must(tree->switch_to(commit(second))), IsEmpty());
}

TEST_F(TreeSwitchTest, EarlierFoldersServeUntilForgotten) {
  sandbox_.write("d/e/f", "old");
  sandbox_.write("file", "old");
  const std::string first = sandbox_.commit_all(100);
  sandbox_.write("d/e/f", "newer");
  sandbox_.write("file", "newer");
  const std::string second = sandbox_.commit_all(200);

  const auto tree = open(first);
  const Attributes folder = look_up(*tree, "d");
  const Attributes file = look_up(*tree, "file");
  ASSERT_TRUE(tree->switch_to(commit(second)));
  // Not even loaded before the switch:
  const Attributes below = must(tree->lookup(folder.ino, "e"));
  EXPECT_EQ(must(tree->lookup(below.ino, "f")).size, 3U);
  EXPECT_EQ(below.mtime, 100);
  EXPECT_EQ(tree->parent_of(folder.ino), kRootInode);
  EXPECT_EQ(tree->commit_of(below.ino).oid.hex(), first);
  EXPECT_EQ(tree->commit_of(file.ino).oid.hex(), first);
  EXPECT_EQ(must(tree->attributes(file.ino)).size, 3U);
  EXPECT_EQ(look_up(*tree, "d/e/f").size, 5U);
  EXPECT_EQ(tree->commit_of(look_up(*tree, "file").ino).oid.hex(), second);
}

// Goal: a change of the root's .gitattributes reaches folders that did not change themselves.
TEST_F(TreeSwitchTest, AttributesAboveAFolderArePartOfIt) {
  sandbox_.write(".gitattributes", "*.txt filter=lfs\n");
  sandbox_.write("d/a.bin", pointer_text(test_oid(1), 1000));
  const std::string first = sandbox_.commit_all();
  sandbox_.write(".gitattributes", "*.bin filter=lfs\n");
  const std::string second = sandbox_.commit_all();
  const auto tree = open(first);
  EXPECT_NE(look_up(*tree, "d/a.bin").size, 1000U);
  EXPECT_THAT(must(tree->switch_to(commit(second))), ElementsAre(".gitattributes", "d"));
  EXPECT_EQ(look_up(*tree, "d/a.bin").size, 1000U);
}

TEST_F(TreeSwitchTest, AVanishedSubfolderKeepsTheOldCommit) {
  sandbox_.write("d/f", "1");
  sandbox_.write("other", "1");
  const std::string first = sandbox_.commit_all();
  std::filesystem::remove_all(sandbox_.path("d"));
  const std::string second = sandbox_.commit_all();
  const auto tree = open(first, {.subdir = "d"});
  EXPECT_FALSE(tree->switch_to(commit(second)));
  EXPECT_EQ(look_up(*tree, "f").size, 1U);
  EXPECT_EQ(tree->commit_of(kRootInode).oid.hex(), first);
}

TEST_F(TreeSwitchTest, WhatIsForgottenIsFreed) {
  sandbox_.write("d/a", "1");
  sandbox_.write("b", "1 too");
  const std::string first = sandbox_.commit_all();
  sandbox_.write("d/a", "2");
  sandbox_.write("b", "2 too");
  const std::string second = sandbox_.commit_all();
  const auto tree = open(first);
  const Attributes folder = look_up(*tree, "d");
  const Attributes file = must(tree->lookup(folder.ino, "a"));
  ASSERT_TRUE(tree->lookup(folder.ino, "a"));
  ASSERT_TRUE(tree->switch_to(commit(second)));
  EXPECT_TRUE(tree->attributes(file.ino));
  tree->forget(folder.ino, 1);
  tree->forget(file.ino, 1);
  (void)tree->sweep_and_count();
  EXPECT_TRUE(tree->attributes(file.ino)) << "one of two references is left";
  tree->forget(file.ino, 1);
  (void)tree->sweep_and_count();
  EXPECT_FALSE(tree->attributes(file.ino));
  EXPECT_FALSE(tree->attributes(folder.ino));
}

TEST_F(TreeSwitchTest, ManySwitchesDoNotAccumulate) {
  constexpr int kCommits = 12;
  std::vector<std::string> commits;
  for (int i = 0; i < kCommits; ++i) {
    sandbox_.write("d/e/" + std::to_string(i), std::to_string(i));
    std::filesystem::remove(sandbox_.path("d/e/" + std::to_string(i - 1)));
    sandbox_.write("top", std::to_string(i));
    commits.push_back(sandbox_.commit_all());
  }
  const auto tree = open(commits[0]);
  std::optional<TreeImpl::Live> before;
  for (int round = 0; round < 10 * kCommits; ++round) {
    const int i = round % kCommits;
    ASSERT_TRUE(tree->switch_to(commit(commits[static_cast<std::size_t>(i)])));
    const Attributes d = look_up(*tree, "d");
    const Attributes e = must(tree->lookup(d.ino, "e"));
    const Attributes f = must(tree->lookup(e.ino, std::to_string(i)));
    const Attributes top = look_up(*tree, "top");
    for (const Attributes& node : {f, e, d, top}) tree->forget(node.ino, 1);
    const TreeImpl::Live live = tree->sweep_and_count();
    if (!before) before = live;
    ASSERT_EQ(live.folders, before->folders);
    ASSERT_EQ(live.contents, before->contents);
  }
}

TEST_F(TreeSwitchTest, AReaderInTheOldRootFinishesIt) {
  for (int i = 0; i < 200; ++i) sandbox_.write("old" + std::to_string(i), std::to_string(i));
  const std::string first = sandbox_.commit_all();
  sandbox_.git({"rm", "-q", "-r", "."});
  sandbox_.write("new", "1");
  const std::string second = sandbox_.commit_all();
  const auto tree = open(first);
  int seen = 0;
  const Result<void> read = tree->read_folder(
      kRootInode, 0, [&](std::string_view name, const Attributes& attributes, std::uint64_t) {
        if (seen++ == 0) {
          EXPECT_TRUE(tree->switch_to(commit(second)));
        }
        EXPECT_TRUE(name.starts_with("old"));
        EXPECT_TRUE(tree->attributes(attributes.ino));
        return true;
      });
  EXPECT_TRUE(read);
  EXPECT_EQ(seen, 200);
  EXPECT_EQ(tree->sweep_and_count().contents, 1U);
}

TEST_F(TreeSwitchTest, GoingBackFindsTheSameInodes) {
  sandbox_.write("d/f", "1");
  const std::string first = sandbox_.commit_all(100);
  sandbox_.write("d/f", "2");
  const std::string second = sandbox_.commit_all(200);
  const auto tree = open(first);
  const Attributes before = look_up(*tree, "d");
  ASSERT_TRUE(tree->switch_to(commit(second)));
  ASSERT_TRUE(tree->switch_to(commit(first)));
  EXPECT_EQ(look_up(*tree, "d").ino, before.ino);
  EXPECT_EQ(tree->commit_of(before.ino).oid.hex(), first);
}

}  // namespace
}  // namespace lazylfs::fs
