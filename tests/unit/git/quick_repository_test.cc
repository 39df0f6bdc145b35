#include "lfs/git/quick_repository.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/git/repository.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

class QuickRepositoryTest : public GitFixture {
 protected:
  void SetUp() override {
    old_ = absolute_path(".");
    make_repository("r");
  }
  void TearDown() override { ASSERT_EQ(::chdir(old_.c_str()), 0); }

  std::optional<QuickRepository> found_in(const std::string& folder) {
    EXPECT_EQ(::chdir(path(folder).c_str()), 0);
    return find_quick_repository();
  }

  // It must be what libgit2 finds.
  void expect_same(const std::string& folder) {
    const auto quick = found_in(folder);
    ASSERT_TRUE(quick) << folder;
    const Result<Repository> whole = Repository::discover(".");
    ASSERT_TRUE(whole) << whole.error().message();
    EXPECT_EQ(quick->git_folder, whole->git_folder());
    EXPECT_EQ(quick->common_folder, whole->common_folder());
    EXPECT_EQ(quick->work_tree, whole->work_tree());
    EXPECT_EQ(quick->objects_folder, whole->objects_folder());
    EXPECT_EQ(quick->environment_alternates, whole->environment_alternates());
    EXPECT_EQ(quick->config.get("lfs.url"), whole->config().get("lfs.url"));
  }

 private:
  std::string old_;
};

TEST_F(QuickRepositoryTest, ItFindsWhatLibgit2Finds) {
  git("r", {"config", "lfs.url", "https://example.com/"});
  expect_same("r");
  expect_same("r/dir");
  git("r", {"worktree", "add", "-q", "../linked"});
  expect_same("linked");
  expect_same("linked/dir");
  const ScopedEnvironment alternates("GIT_ALTERNATE_OBJECT_DIRECTORIES", path("r/.git/objects"));
  expect_same("r");
}

TEST_F(QuickRepositoryTest, GitDirDecides) {
  make_repository("other");
  const ScopedEnvironment git_dir("GIT_DIR", path("other/.git"));
  const ScopedEnvironment work_tree("GIT_WORK_TREE", path("other"));
  const auto quick = found_in("r");
  ASSERT_TRUE(quick);
  EXPECT_EQ(quick->git_folder, path("other/.git"));
}

TEST_F(QuickRepositoryTest, WhatIsOutOfTheOrdinaryIsLeftToLibgit2) {
  EXPECT_FALSE(found_in("r/.git"));
  git("", {"init", "-q", "--bare", "bare"});
  EXPECT_FALSE(found_in("bare"));
  git("", {"init", "-q", "empty"});
  EXPECT_FALSE(found_in("empty"));  // without an index HEAD would have to be asked
  ASSERT_TRUE(make_folders(path("none")));
  EXPECT_FALSE(found_in("none"));
  git("r", {"update-index", "--split-index"});
  EXPECT_FALSE(found_in("r"));
  git("r", {"update-index", "--no-split-index"});
  EXPECT_TRUE(found_in("r"));
  write("r/.lfsconfig", "[lfs]\n\tfetchexclude = x\n");
  EXPECT_FALSE(found_in("r"));
  git("r", {"add", ".lfsconfig"});
  ASSERT_EQ(::unlink(path("r/.lfsconfig").c_str()), 0);
  EXPECT_FALSE(found_in("r"));
}

}  // namespace
}  // namespace lazylfs::lfs
