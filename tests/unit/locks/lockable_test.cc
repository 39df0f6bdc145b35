#include "lfs/locks/lockable.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LockableTest : public GitFixture {
 protected:
  void SetUp() override {
    git("", {"init", "-q", "r"});
    for (const char* name : {"a.bin", "b.txt", "d/c.bin"}) write(std::string("r/") + name, "x");
    git("r", {"add", "-A"});
  }

  Repository repository() { return *Repository::discover(path("r")); }

  unsigned mode_of(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(::lstat(path("r/" + name).c_str(), &status), 0) << name;
    return status.st_mode & 0777U;
  }
};

TEST_F(LockableTest, NothingIsLockableWithoutTheWord) {
  write("r/.gitattributes", "*.bin filter=lfs\n");
  const Repository r = repository();
  EXPECT_FALSE(LockableFiles(r).are_possible().value());
}

TEST_F(LockableTest, AnyAttributesFileMayMentionIt) {
  write("r/d/.gitattributes", "*.bin lockable\n");
  const Repository r = repository();
  EXPECT_TRUE(LockableFiles(r).are_possible().value());
  EXPECT_THAT(*LockableFiles(r).among({"a.bin", "b.txt", "d/c.bin"}), ElementsAre("d/c.bin"));
}

TEST_F(LockableTest, GitsRulesForMacrosAndNestedFilesHold) {
  write("r/.gitattributes", "[attr]guarded lockable\n*.bin guarded\n*.txt lockable=true\n");
  write("r/d/.gitattributes", "c.bin -lockable\n");
  const Repository r = repository();
  EXPECT_THAT(*LockableFiles(r).among({"a.bin", "b.txt", "d/c.bin"}),
              ElementsAre("a.bin", "b.txt"));
}

TEST_F(LockableTest, FilesAreWritableOnlyWhileLocked) {
  write("r/.gitattributes", "*.bin lockable\n");
  const Repository r = repository();
  const LockableFiles lockable(r);
  const LockCache cache(path("r/.git/lfs"));
  ASSERT_TRUE(cache.add({.id = "1", .path = "d/c.bin", .owner = "", .locked_at = ""}));
  const auto all = lockable.all();
  ASSERT_TRUE(all);
  EXPECT_THAT(*all, ElementsAre("a.bin", "b.txt", "d/c.bin"));
  ASSERT_TRUE(lockable.fix_write_bits(*all, cache));
  EXPECT_EQ(mode_of("a.bin") & 0222U, 0U);
  EXPECT_EQ(mode_of("b.txt") & 0200U, 0200U);
  EXPECT_EQ(mode_of("d/c.bin") & 0200U, 0200U);
  ASSERT_TRUE(cache.remove("1"));
  ASSERT_TRUE(lockable.fix_write_bits({"d/c.bin", "gone.bin"}, cache));
  EXPECT_EQ(mode_of("d/c.bin") & 0222U, 0U);
}

TEST_F(LockableTest, IgnoredFilesCountOnlyWhenAskedForAndUntrackedOnesNever) {
  write("r/.gitignore", "i.bin\n");
  write("r/i.bin", "ignored");
  write("r/u.bin", "untracked");
  EXPECT_THAT(*LockableFiles(repository()).all(), ElementsAre("a.bin", "b.txt", "d/c.bin"));
  git("r", {"config", "lfs.lockignoredfiles", "true"});
  const Repository r = repository();
  EXPECT_THAT(*LockableFiles(r).all(), ElementsAre("a.bin", "b.txt", "d/c.bin", "i.bin"));
}

TEST_F(LockableTest, NamesWithNewlinesAndQuotesAreUnderstood) {
  write("r/.gitattributes", "*.bin lockable\n");
  const std::string odd = "a\n\"b\" \xff.bin";
  write("r/" + odd, "x");
  git("r", {"add", "-A"});
  const Repository r = repository();
  const auto all = LockableFiles(r).all();
  ASSERT_TRUE(all);
  ASSERT_TRUE(LockableFiles(r).fix_write_bits(*all, LockCache(path("r/.git/lfs"))));
  EXPECT_EQ(mode_of(odd) & 0222U, 0U);
}

TEST_F(LockableTest, TheTargetOfASymbolicLinkKeepsItsMode) {
  write("outside", "x");
  ASSERT_EQ(::symlink("../outside", path("r/link.bin").c_str()), 0);
  EXPECT_EQ(set_writable(path("r/link.bin"), false).error().code(), Errc::not_found);
  struct stat status {};
  ASSERT_EQ(::stat(path("outside").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0200U, 0200U);
}

TEST_F(LockableTest, EitherSettingSwitchesItOff) {
  EXPECT_TRUE(manages_write_bits(repository().config()));
  git("r", {"config", "lfs.setlockablereadonly", "false"});
  EXPECT_FALSE(manages_write_bits(repository().config()));
  git("r", {"config", "lfs.setlockablereadonly", "true"});
  const ScopedEnvironment off("GIT_LFS_SET_LOCKABLE_READONLY", "0");
  EXPECT_FALSE(manages_write_bits(repository().config()));
}

}  // namespace
}  // namespace lazylfs::lfs
