#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree_fixture.h"

namespace lazylfs::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::Key;

class TreeRefsTest : public TreeTest {
 protected:
  void SetUp() override {
    sandbox_.write("f", "1");
    first_ = sandbox_.commit_all(100);
    sandbox_.git({"tag", "-a", "-m", "x", "v1"});
    sandbox_.git({"branch", "feature/x"});
    sandbox_.write("f", "22");
    sandbox_.write("d/g", "333");
    second_ = sandbox_.commit_all(200);
    sandbox_.git({"update-ref", "refs/remotes/origin/main", first_});
  }
  std::string first_, second_;
};

TEST_F(TreeRefsTest, AtListsBranchesAndTags) {
  const auto tree = open("main", {.subdir = {}, .all_refs = true});
  EXPECT_THAT(list(*tree, kRootInode), ElementsAre(Key(".at"), Key("d"), Key("f")));
  const InodeNumber at = look_up(*tree, ".at").ino;
  EXPECT_THAT(list(*tree, at), ElementsAre(Key("feature"), Key("main"), Key("v1")));
  EXPECT_THAT(list(*tree, look_up(*tree, ".at/feature").ino), ElementsAre(Key("x")));
  EXPECT_TRUE(tree->is_changing(at));
  EXPECT_FALSE(tree->is_changing(kRootInode));
}

TEST_F(TreeRefsTest, EverySnapshotHasItsFilesAndTime) {
  const auto tree = open("main", {.subdir = {}, .all_refs = true});
  for (const std::string& ref : {std::string("v1"), std::string("feature/x"),
                                 std::string("origin/main"), first_, first_.substr(0, 8)}) {
    const Attributes file = look_up(*tree, ".at/" + ref + "/f");
    EXPECT_EQ(file.size, 1U) << ref;
    EXPECT_EQ(file.mtime, 100) << ref;
    EXPECT_EQ(tree->commit_of(file.ino).oid.hex(), first_) << ref;
  }
  EXPECT_EQ(look_up(*tree, ".at/HEAD/d/g").size, 3U);
  EXPECT_EQ(look_up(*tree, ".at/main/f").ino, look_up(*tree, "f").ino) << "equal content";
  EXPECT_EQ(tree->parent_of(look_up(*tree, ".at/v1").ino), look_up(*tree, ".at").ino);
}

TEST_F(TreeRefsTest, OtherNamesAreNotFound) {
  const auto tree = open("main", {.subdir = {}, .all_refs = true});
  const InodeNumber at = look_up(*tree, ".at").ino;
  for (const char* name : {"main~1", "none", "HEAD^", "00000000", ":/x", "feature/x", ""}) {
    if (std::string_view(name) == "feature/x") continue;  // the kernel never asks for a '/'
    EXPECT_EQ(tree->lookup(at, name).error().code(), Errc::not_found) << name;
  }
  EXPECT_FALSE(open("main")->lookup(kRootInode, ".at"));
}

TEST_F(TreeRefsTest, TheVirtualFolderHidesAnEntryOfItsName) {
  sandbox_.write(".at", "a file");
  sandbox_.commit_all();
  EXPECT_EQ(look_up(*open("main"), ".at").size, 6U);
  const auto tree = open("main", {.subdir = {}, .all_refs = true});
  EXPECT_EQ(look_up(*tree, ".at").kind, lfs::EntryKind::folder);
  EXPECT_EQ(list(*tree, kRootInode).size(), 3U);
}

TEST_F(TreeRefsTest, ForgottenSnapshotsAreFreed) {
  const auto tree = open("main", {.subdir = {}, .all_refs = true});
  (void)list(*tree, kRootInode);
  const TreeImpl::Live before = tree->sweep_and_count();
  const InodeNumber at = look_up(*tree, ".at").ino;
  const Attributes commit_folder = must(tree->lookup(at, first_));
  const Attributes file = must(tree->lookup(commit_folder.ino, "f"));
  EXPECT_GT(tree->sweep_and_count().folders, before.folders);
  tree->forget(file.ino, 1);
  tree->forget(commit_folder.ino, 1);
  tree->forget(at, 1);
  const TreeImpl::Live after = tree->sweep_and_count();
  EXPECT_EQ(after.folders, before.folders);
  EXPECT_EQ(after.contents, before.contents);
}

TEST_F(TreeRefsTest, ASubdirAppliesToSnapshotsToo) {
  const auto tree = open("main", {.subdir = "d", .all_refs = true});
  EXPECT_EQ(look_up(*tree, ".at/main/g").size, 3U);
  EXPECT_FALSE(tree->lookup(look_up(*tree, ".at").ino, "v1")) << "there is no d yet";
  EXPECT_THAT(list(*tree, look_up(*tree, ".at").ino), ElementsAre(Key("feature"), Key("main")));
}

TEST_F(TreeRefsTest, AtSurvivesASwitch) {
  const auto tree = open(first_, {.subdir = {}, .all_refs = true});
  const Attributes at = look_up(*tree, ".at");
  EXPECT_THAT(must(tree->switch_to(commit(second_))), ElementsAre("d", "f"));
  EXPECT_EQ(look_up(*tree, ".at").ino, at.ino);
  EXPECT_EQ(look_up(*tree, ".at/v1/f").size, 1U);
}

}  // namespace
}  // namespace lazylfs::fs
