#include "lfs/store/local_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/sha256.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;

class LocalStoreTest : public GitFixture {
 protected:
  void SetUp() override { git("", {"init", "-q", "r"}); }

  LocalStore store(const std::string& name = "r") {
    const Result<Repository> repository = Repository::discover(path(name));
    EXPECT_TRUE(repository) << repository.error().message();
    return LocalStore::of(*repository);
  }

  ObjectId put(const std::string& folder, const std::string& text) {
    const ObjectId id{Sha256::of(text), text.size()};
    write(folder + "/" + object_relative_path(id.oid), text);
    return id;
  }
};

TEST_F(LocalStoreTest, AnObjectIsFoundByItsSize) {
  const ObjectId id = put("r/.git/lfs/objects", "hello");
  EXPECT_EQ(object_relative_path(id.oid),
            "2c/f2/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(store().find(id), path("r/.git/lfs/objects/" + object_relative_path(id.oid)));
  EXPECT_EQ(store().find({id.oid, id.size + 1}), std::nullopt);
  EXPECT_EQ(store().find({Sha256::of("other"), 5}), std::nullopt);
}

TEST_F(LocalStoreTest, AFolderInAnObjectsPlaceIsNoObject) {
  const ObjectId id{Sha256::of("x"), 4096};
  const std::string folder = path("r/.git/lfs/objects/" + object_relative_path(id.oid));
  ASSERT_TRUE(make_folders(folder));
  EXPECT_EQ(store().find(id), std::nullopt);
}

TEST_F(LocalStoreTest, LfsStorageIsRelativeToTheCommonFolder) {
  const auto first = [&] { return store().object_folders().at(0); };
  git("r", {"config", "lfs.storage", "../elsewhere"});
  EXPECT_EQ(first(), path("r/elsewhere/objects"));
  git("r", {"config", "lfs.storage", "/abs/lfs"});
  EXPECT_EQ(first(), "/abs/lfs/objects");
  git("r", {"config", "lfs.storage", "~/lfs"});
  EXPECT_EQ(first(), path("lfs/objects"));
}

TEST_F(LocalStoreTest, ALinkedWorkTreeUsesTheCommonStore) {
  git("r", {"commit", "-q", "--allow-empty", "-m", "m"});
  git("r", {"worktree", "add", "-q", "../w"});
  EXPECT_THAT(store("w").object_folders(), ElementsAre(path("r/.git/lfs/objects")));
}

TEST_F(LocalStoreTest, AlternatesAreReadInPlace) {
  write("r/.git/objects/info/alternates",
        "# a comment\n" + path("one/objects") + "\n../../../two/objects\n\"" +
            path("with \\\"quotes\\\" and \\303\\244/objects") + "\"\n\n");
  write("one/objects/info/alternates", path("nested/objects") + "\n");
  EXPECT_THAT(
      store().object_folders(),
      ElementsAre(path("r/.git/lfs/objects"), path("one/lfs/objects"), path("nested/lfs/objects"),
                  path("two/lfs/objects"), path("with \"quotes\" and \xc3\xa4/lfs/objects")));
  const ObjectId id = put("two/lfs/objects", "in two");
  EXPECT_EQ(store().find(id), path("two/lfs/objects/" + object_relative_path(id.oid)));
}

TEST_F(LocalStoreTest, AlternatesThatFormARingEnd) {
  write("r/.git/objects/info/alternates", path("one/objects") + "\n");
  write("one/objects/info/alternates", path("r/.git/objects") + "\n");
  EXPECT_THAT(store().object_folders(),
              ElementsAre(path("r/.git/lfs/objects"), path("one/lfs/objects")));
}

TEST_F(LocalStoreTest, TheEnvironmentNamesAlternatesAndTheObjectFolder) {
  ASSERT_TRUE(make_folders(path("env/objects/pack")));
  ASSERT_TRUE(make_folders(path("own/objects/info")));
  write("own/objects/info/alternates", path("three/objects"));
  const ScopedEnvironment alternates("GIT_ALTERNATE_OBJECT_DIRECTORIES", path("env/objects"));
  const ScopedEnvironment objects("GIT_OBJECT_DIRECTORY", path("own/objects"));
  EXPECT_THAT(
      store().object_folders(),
      ElementsAre(path("r/.git/lfs/objects"), path("three/lfs/objects"), path("env/lfs/objects")));
}

TEST_F(LocalStoreTest, GivenFoldersAreSearchedInOrder) {
  const ObjectId id = put("b", "twice");
  put("a", "twice");
  const LocalStore store({path("none"), path("a"), path("b")});
  EXPECT_EQ(store.find(id), path("a/" + object_relative_path(id.oid)));
}

}  // namespace
}  // namespace lazylfs::lfs
