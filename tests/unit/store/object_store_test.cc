#include "lfs/store/object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <ctime>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/sha256.h"
#include "lfs/store/clone_file.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ObjectStoreTest : public GitFixture {
 protected:
  void SetUp() override { git("", {"init", "-q", "r"}); }

  ObjectStore store(const std::string& name = "r") {
    const Result<Repository> repository = Repository::discover(path(name));
    EXPECT_TRUE(repository) << repository.error().message();
    return ObjectStore::of(*repository);
  }

  static ObjectId id_of(std::string_view text) { return {Sha256::of(text), text.size()}; }

  static Result<ObjectId> put(const ObjectStore& store, std::string_view text,
                              OnClash on_clash = OnClash::replace) {
    ObjectWriter writer = TRY(ObjectWriter::create(store));
    TRY(writer.write(as_bytes(text)));
    return writer.commit(on_clash);
  }

  static std::string content_of(const std::string& file) {
    const Result<std::string> text = read_file(file, 64U << 20U);
    return text ? *text : "(" + text.error().message() + ")";
  }

  static unsigned mode_of(const std::string& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 0777U;
  }

  static std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  static std::string long_text() {
    std::string text;
    while (text.size() < (9U << 20U)) text += "line " + std::to_string(text.size()) + '\n';
    return text;
  }
};

TEST_F(ObjectStoreTest, AGuessChangesNothingOfWhatIsStored) {
  const ObjectStore objects = store();
  std::string text(6U << 20U, 'a');
  const Result<ObjectId> before = put(objects, text);
  ASSERT_TRUE(before.has_value());
  for (const std::string& now :
       {text, text + "b", text.substr(0, 5U << 20U), std::string(7U << 20U, 'c')}) {
    int asked = 0;
    Result<ObjectWriter> writer = ObjectWriter::create(objects);
    writer->guess_by([&] {
      ++asked;
      return std::optional(*before);
    });
    ASSERT_TRUE(writer->write(as_bytes(now)).has_value());
    EXPECT_EQ(writer->commit().value_or(ObjectId()), id_of(now));
    EXPECT_TRUE(content_of(objects.object_path(Sha256::of(now))) == now);
    EXPECT_EQ(asked, 1);
  }
}

TEST_F(ObjectStoreTest, AShortStreamIsStoredUnderItsDigest) {
  const ObjectStore store = this->store();
  const Result<ObjectId> id = put(store, "hello");
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_EQ(*id, id_of("hello"));
  EXPECT_EQ(store.find(*id), path("r/.git/lfs/objects/" + object_relative_path(id->oid)));
  EXPECT_EQ(content_of(store.object_path(id->oid)), "hello");
  EXPECT_THAT(names_in(store.temporary_folder()), IsEmpty());
}

TEST_F(ObjectStoreTest, ALongStreamIsHashedOnItsThreadAndStoredWhole) {
  const ObjectStore store = this->store();
  const std::string text = long_text();
  const Result<ObjectId> id = put(store, text);
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_EQ(*id, id_of(text));
  EXPECT_TRUE(content_of(store.object_path(id->oid)) == text);
  EXPECT_THAT(names_in(store.temporary_folder()), IsEmpty());
}

TEST_F(ObjectStoreTest, StreamsThatEndAtABuffersEdgeAreWhole) {
  const ObjectStore store = this->store();
  for (const std::size_t size : {120U << 10U, (120U << 10U) + 1, (1U << 20U) + (120U << 10U)}) {
    const std::string text(size, 'x');
    const Result<ObjectId> id = put(store, text);
    ASSERT_TRUE(id) << id.error().message();
    EXPECT_EQ(*id, id_of(text));
    EXPECT_TRUE(content_of(store.object_path(id->oid)) == text);
  }
}

TEST_F(ObjectStoreTest, AStreamCanBeReadStraightIntoTheWritersRoom) {
  const ObjectStore store = this->store();
  Result<ObjectWriter> writer = ObjectWriter::create(store);
  ASSERT_TRUE(writer);
  for (const char letter : {'a', 'b'}) {
    ASSERT_FALSE(writer->space().empty());
    writer->space()[0] = static_cast<std::byte>(letter);
    ASSERT_TRUE(writer->filled(1));
  }
  const Result<ObjectId> id = writer->commit();
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, id_of("ab"));
}

TEST_F(ObjectStoreTest, AnEmptyStreamIsNotStoredAndTheEmptyObjectIsAlwaysThere) {
  const ObjectStore store = this->store();
  const Result<ObjectId> id = put(store, "");
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, id_of(""));
  EXPECT_FALSE(file_exists(store.object_path(id->oid)));
  EXPECT_EQ(store.find(*id), "/dev/null");
}

TEST_F(ObjectStoreTest, AnUncommittedStreamLeavesNothing) {
  const ObjectStore store = this->store();
  {
    Result<ObjectWriter> writer = ObjectWriter::create(store);
    ASSERT_TRUE(writer);
    const std::string text(2U << 20U, 'x');
    ASSERT_TRUE(writer->write(as_bytes(text)));
    EXPECT_EQ(names_in(store.temporary_folder()).size(), 1U);
  }
  EXPECT_THAT(names_in(store.temporary_folder()), IsEmpty());
  EXPECT_FALSE(file_exists(store.folder() + "/objects"));
}

TEST_F(ObjectStoreTest, AFileOfAnotherSizeIsReplacedOrRefused) {
  const ObjectStore store = this->store();
  const ObjectId id = id_of("hello");
  write("r/.git/lfs/objects/" + object_relative_path(id.oid), "hel");
  EXPECT_EQ(store.find(id), std::nullopt);
  const Result<ObjectId> refused = put(store, "hello", OnClash::refuse);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::exists);
  EXPECT_THAT(refused.error().message(),
              HasSubstr("Files don't match:\n" + store.object_path(id.oid) + "\n"));
  ASSERT_TRUE(put(store, "hello"));
  EXPECT_EQ(content_of(store.object_path(id.oid)), "hello");
}

TEST_F(ObjectStoreTest, WhatAKilledProcessLeftBesideAnObjectIsNoHindrance) {
  const ObjectStore store = this->store();
  const ObjectId id = id_of("hello");
  const std::string place = store.object_path(id.oid);
  const std::string left = parent_path(place) + "/.new-" + id.oid.hex();
  ASSERT_TRUE(make_folders(parent_path(place)));
  ASSERT_TRUE(write_file_atomically(left, "he"));
  ASSERT_TRUE(put(store, "hello"));
  EXPECT_EQ(content_of(place), "hello");
  EXPECT_TRUE(file_exists(left));  // it may still be written by somebody

  ASSERT_EQ(::unlink(place.c_str()), 0);
  const utimbuf old{1000, 1000};
  ASSERT_EQ(::utime(left.c_str(), &old), 0);
  ASSERT_TRUE(put(store, "hello"));
  EXPECT_THAT(names_in(parent_path(place)), testing::ElementsAre(id.oid.hex()));
}

TEST_F(ObjectStoreTest, AnObjectThatIsThereIsNotWrittenAgain) {
  const ObjectStore store = this->store();
  ASSERT_TRUE(put(store, "hello"));
  const std::string place = store.object_path(id_of("hello").oid);
  const utimbuf old{1000, 1000};
  ASSERT_EQ(::utime(place.c_str(), &old), 0);
  ASSERT_TRUE(put(store, "hello", OnClash::refuse));
  struct stat status {};
  ASSERT_EQ(::stat(place.c_str(), &status), 0);
  EXPECT_EQ(status.st_mtime, 1000);
}

TEST_F(ObjectStoreTest, LfsStorageMovesTheWholeFolder) {
  git("r", {"config", "lfs.storage", "../elsewhere"});
  EXPECT_EQ(store().folder(), path("r/elsewhere"));
  const Result<ObjectId> id = put(store(), "hello");
  ASSERT_TRUE(id);
  EXPECT_TRUE(file_exists(path("r/elsewhere/objects/" + object_relative_path(id->oid))));
}

TEST_F(ObjectStoreTest, AnotherStoresObjectIsTakenInByLinkOrByCopy) {
  const ObjectStore store = this->store();
  write("cache/one", "one");
  write("cache/two", "two");
  ASSERT_TRUE(store.take_in(path("cache/one"), id_of("one"), true));
  ASSERT_TRUE(store.take_in(path("cache/two"), id_of("two"), false));
  EXPECT_EQ(content_of(store.object_path(id_of("one").oid)), "one");
  EXPECT_EQ(content_of(store.object_path(id_of("two").oid)), "two");
  EXPECT_EQ(mode_of(store.object_path(id_of("one").oid)), 0444U);
  struct stat status {};
  ASSERT_EQ(::stat(path("cache/two").c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 1U);
  EXPECT_EQ(content_of(path("cache/one")), "one");
  EXPECT_THAT(names_in(store.temporary_folder()), IsEmpty());
}

TEST_F(ObjectStoreTest, AWrongFileIsNotTakenIn) {
  const ObjectStore store = this->store();
  write("cache/bad", "bad");
  for (const auto& id : {id_of("two"), id_of("three")}) {
    const Result<void> taken = store.take_in(path("cache/bad"), id, false);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code(), Errc::corrupt);
    EXPECT_EQ(store.find(id), std::nullopt);
  }
  EXPECT_THAT(names_in(store.temporary_folder()), IsEmpty());
}

TEST_F(ObjectStoreTest, SharedRepositoriesGetTheirModes) {
  const mode_t before = ::umask(0077);
  git("r", {"config", "core.sharedRepository", "group"});
  ObjectStore store = this->store();
  ASSERT_TRUE(put(store, "hello"));
  EXPECT_EQ(mode_of(store.object_path(id_of("hello").oid)), 0660U);
  EXPECT_EQ(mode_of(store.folder() + "/objects"), 0770U);
  EXPECT_EQ(mode_of(parent_path(store.object_path(id_of("hello").oid))), 0770U);

  git("r", {"config", "core.sharedRepository", "0664"});
  store = this->store();
  ASSERT_TRUE(put(store, "other"));
  EXPECT_EQ(mode_of(store.object_path(id_of("other").oid)), 0664U);
  EXPECT_EQ(mode_of(parent_path(store.object_path(id_of("other").oid))), 0775U);

  git("r", {"config", "core.sharedRepository", "umask"});
  store = this->store();
  ASSERT_TRUE(put(store, "third"));
  EXPECT_EQ(mode_of(store.object_path(id_of("third").oid)), 0600U);
  ::umask(before);
}

TEST_F(ObjectStoreTest, StaleTemporariesGoAndFreshOnesStay) {
  const ObjectStore store = this->store();
  ASSERT_TRUE(put(store, "hello"));
  const std::string hex = id_of("hello").oid.hex();
  const std::string tmp = "r/.git/lfs/tmp/";
  write(tmp + hex + "-123", "hel");
  write(tmp + id_of("absent").oid.hex() + "-123", "abs");
  write(tmp + "fresh", "x");
  write(tmp + "old", "x");
  write(tmp + "folder/old", "x");
  write(tmp + "young/" + hex + "-9", "x");
  write(tmp + "young/other", "x");
  const utimbuf old{std::time(nullptr) - 4000, std::time(nullptr) - 4000};
  for (const char* name : {"old", "folder/old", "young/other", "folder"}) {
    ASSERT_EQ(::utime(path(tmp + name).c_str(), &old), 0);
  }
  store.remove_stale_temporaries();
  EXPECT_THAT(names_in(store.temporary_folder()),
              testing::UnorderedElementsAre(id_of("absent").oid.hex() + "-123", "fresh", "young"));
  EXPECT_THAT(names_in(store.temporary_folder() + "/young"), testing::ElementsAre("other"));
}

TEST_F(ObjectStoreTest, ACloneHasTheContentAndNeverReplacesAFile) {
  const std::string text = long_text();
  write("from", text);
  const Result<std::uint64_t> bytes = clone_file(path("from"), path("to"), 0644);
  ASSERT_TRUE(bytes) << bytes.error().message();
  EXPECT_EQ(*bytes, text.size());
  EXPECT_TRUE(content_of(path("to")) == text);
  EXPECT_EQ(mode_of(path("to")), 0644U);
  EXPECT_FALSE(clone_file(path("from"), path("to"), 0644));
  EXPECT_FALSE(clone_file(path("absent"), path("new"), 0644));
  EXPECT_FALSE(file_exists(path("new")));
  ASSERT_TRUE(clone_file("/dev/null", path("empty"), 0644));
  EXPECT_EQ(content_of(path("empty")), "");
}

}  // namespace
}  // namespace lazylfs::lfs
