#include "lfs/locks/lock_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Lock lock(std::string id, std::string path) {
  return {.id = std::move(id),
          .path = std::move(path),
          .owner = "o",
          .locked_at = "2026-01-01T00:00:00Z"};
}

class LockCacheTest : public GitFixture {
 protected:
  LockCache cache_{path("lfs")};
};

TEST_F(LockCacheTest, NothingIsKnownAndNothingMadeAtFirst) {
  EXPECT_THAT(*cache_.own(), IsEmpty());
  EXPECT_FALSE(file_exists(path("lfs")));
}

TEST_F(LockCacheTest, LocksAreKeptByPathAndRemovedById) {
  ASSERT_TRUE(cache_.add(lock("2", "b")));
  ASSERT_TRUE(cache_.add(lock("1", "a")));
  ASSERT_TRUE(cache_.add(lock("3", "b")));
  EXPECT_THAT(*cache_.own(), ElementsAre(lock("1", "a"), lock("3", "b")));
  ASSERT_TRUE(cache_.remove("1"));
  ASSERT_TRUE(cache_.remove("no such id"));
  EXPECT_THAT(*cache_.own(), ElementsAre(lock("3", "b")));
}

TEST_F(LockCacheTest, ADamagedFileIsSetAsideByTheNextWrite) {
  ASSERT_TRUE(make_folders(path("lfs")));
  const std::string file = path("lfs/lockcache.db");
  ASSERT_TRUE(write_file_atomically(file, "junk"));
  EXPECT_THAT(*cache_.own(), IsEmpty());
  ASSERT_TRUE(cache_.add(lock("1", "a")));
  EXPECT_THAT(*cache_.own(), ElementsAre(lock("1", "a")));
  EXPECT_EQ(*read_file(file + ".damaged", 100), "junk");
}

TEST_F(LockCacheTest, ListingsAreKeptByRef) {
  EXPECT_EQ(cache_.listing("refs/heads/main").error().message(), "no cached locks present");
  ASSERT_TRUE(cache_.remember_listing("refs/heads/main", {lock("1", "a<b")}));
  ASSERT_TRUE(
      cache_.remember_verified("refs/heads/main", {.ours = {lock("1", "a")}, .theirs = {}}));
  EXPECT_THAT(*cache_.listing("refs/heads/main"), ElementsAre(lock("1", "a<b")));
  EXPECT_THAT(cache_.verified("refs/heads/main")->ours, ElementsAre(lock("1", "a")));
  EXPECT_FALSE(cache_.listing("refs/heads/other"));
  EXPECT_EQ(*read_file(path("lfs/cache/locks/refs/heads/main/remote"), 1000),
            "[{\"id\":\"1\",\"path\":\"a\\u003cb\",\"owner\":{\"name\":\"o\"},"
            "\"locked_at\":\"2026-01-01T00:00:00Z\"}]\n");
}

TEST_F(LockCacheTest, ARefCannotLeaveTheFolder) {
  EXPECT_FALSE(cache_.remember_listing("../../x", {}));
}

}  // namespace
}  // namespace lazylfs::lfs
