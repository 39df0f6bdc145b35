#include "lfs/upkeep/prune.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/store/store_users.h"
#include "lfs/upkeep/object_walk.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PruneTest : public GitFixture {
 protected:
  void SetUp() override { git("", {"init", "-q", "r"}); }

  ObjectStore store() { return ObjectStore::of(Repository::discover(path("r")).value()); }

  static Oid add(const ObjectStore& store, const std::string& content) {
    const ObjectId id{Sha256::of(content), content.size()};
    EXPECT_TRUE(store.put(as_bytes(content), id));
    return id.oid;
  }
  // A plan in which everything was here before.
  static PrunePlan later_plan(const ObjectStore& store) {
    PrunePlan plan = list_prunable(store).value();
    plan.begun_ns += 3600LL * 1'000'000'000;
    return plan;
  }
};

TEST_F(PruneTest, DeletesWhatIsNotRetained) {
  const ObjectStore objects = store();
  const Oid kept = add(objects, "kept");
  const Oid gone = add(objects, "gone");
  PrunePlan plan = later_plan(objects);
  EXPECT_EQ(plan.local_objects, 2U);
  keep_retained(objects, {kept}, plan);
  EXPECT_THAT(plan.prunable, ElementsAre(ObjectId{gone, 4}));
  EXPECT_EQ(plan.bytes, 4U);
  std::size_t told = 0;
  EXPECT_THAT(delete_objects(objects, plan, [&](std::size_t count) { told = count; }), IsEmpty());
  EXPECT_EQ(told, 1U);
  EXPECT_TRUE(file_exists(objects.object_path(kept)));
  EXPECT_FALSE(file_exists(objects.object_path(gone)));
}

TEST_F(PruneTest, WhatIsStoredOrUsedAfterTheListWasMadeStays) {
  const ObjectStore objects = store();
  const Oid oid = add(objects, "content");
  PrunePlan plan = list_prunable(objects).value();
  plan.begun_ns -= 3600LL * 1'000'000'000;
  PrunePlan untouched = later_plan(objects);
  keep_retained(objects, {}, plan);
  EXPECT_THAT(plan.prunable, IsEmpty());
  // The same between the two steps.
  keep_retained(objects, {}, untouched);
  EXPECT_EQ(untouched.prunable.size(), 1U);
  untouched.begun_ns = plan.begun_ns;
  delete_objects(objects, untouched, {});
  EXPECT_TRUE(file_exists(objects.object_path(oid)));
}

TEST_F(PruneTest, StoringAnObjectAgainTouchesIt) {
  const ObjectStore objects = store();
  const Oid oid = add(objects, "content");
  const std::array<struct timespec, 2> past{timespec{1000, 0}, timespec{1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, objects.object_path(oid).c_str(), past.data(), 0), 0);
  ObjectWriter writer = ObjectWriter::create(objects).value();
  ASSERT_TRUE(writer.write(as_bytes("content")));
  ASSERT_TRUE(writer.commit());
  struct stat status {};
  ASSERT_EQ(::stat(objects.object_path(oid).c_str(), &status), 0);
  EXPECT_GT(status.st_atim.tv_sec, 1000);
  EXPECT_EQ(status.st_mtim.tv_sec, 1000);
}

TEST_F(PruneTest, TheListPassesOverWhatIsNoObject) {
  const ObjectStore objects = store();
  const Oid oid = add(objects, "content");
  const std::string folder = parent_path(objects.object_path(oid));
  write("r/.git/lfs/objects/README", "text");
  write("r/.git/lfs/objects/zz/aa/" + oid.hex(), "text");
  ASSERT_TRUE(write_file_atomically(folder + "/.new-" + oid.hex(), "half"));
  ASSERT_EQ(::symlink("/etc/passwd", (folder + "/" + std::string(64, '0')).c_str()), 0);
  const StoreListing listing = list_store(objects.folder() + "/objects").value();
  EXPECT_THAT(listing.objects, ElementsAre(oid));
  EXPECT_THAT(listing.unfinished, ElementsAre(folder + "/.new-" + oid.hex()));
  EXPECT_THAT(list_store("/nowhere").value().objects, IsEmpty());
}

TEST_F(PruneTest, AnObjectThatCannotBeDeletedIsTold) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may delete everything";
  const ObjectStore objects = store();
  const std::string folder = parent_path(objects.object_path(add(objects, "content")));
  PrunePlan plan = later_plan(objects);
  keep_retained(objects, {}, plan);
  ASSERT_EQ(::chmod(folder.c_str(), 0500), 0);
  EXPECT_EQ(delete_objects(objects, plan, {}).size(), 1U);
  ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
}

TEST_F(PruneTest, UsersOfAStoreRegisterOnceAndAreForgottenWhenGone) {
  git("", {"init", "-q", "user"});
  git("user", {"config", "lfs.storage", path("r/.git/lfs")});
  const Repository user = Repository::discover(path("user")).value();
  const ObjectStore shared = ObjectStore::of(user);
  register_store_user(user.common_folder(), shared);
  register_store_user(user.common_folder(), shared);
  EXPECT_THAT(store_users(path("r/.git/lfs/objects")), ElementsAre(user.common_folder()));
  // Its own repository is no user.
  register_store_user(path("r/.git"), store());
  EXPECT_EQ(store_users(path("r/.git/lfs/objects")).size(), 1U);
  std::filesystem::remove_all(path("user"));
  EXPECT_THAT(store_users(path("r/.git/lfs/objects")), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(path("r/.git/lfs/users")));
}

}  // namespace
}  // namespace lazylfs::lfs
