// Goal: no reader ever gets bytes that are not the object's.
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "cache/map_file.h"
#include "lfs/base/files.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

class VerificationTest : public CacheTest {
 protected:
  Layout layout() const { return Layout(folder_ + "/cache"); }

  // Overwrites a byte of a file in place.
  static void damage(const std::string& path, std::uint64_t offset) {
    const Fd file = *open_file(path, O_RDWR);
    std::array<std::byte, 1> byte{};
    ASSERT_EQ(*pread_full(file.get(), byte, offset), 1U);
    byte[0] ^= std::byte{1};
    ASSERT_THAT(pwrite_all(file.get(), byte, offset), IsOk());
  }

  // Reads the object to the end and waits until it is a file of its own.
  void store(Cache& cache, const ObjectId& id) {
    const auto object = *cache.open_object(id, source_);
    ASSERT_THAT(read_all(*object), IsOk());
    wait_until_stored(folder_ + "/cache", id.oid);
  }
};

TEST_F(VerificationTest, TheLastMissingBlockIsWithheldWhenTheContentIsWrong) {
  const auto cache = open_cache();
  const std::string content = make_content(10 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.corrupt_at = 100;  // in block 0
  ASSERT_THAT(read(*object, {0, 9 * kBlockBytes}), IsOk()) << "nine of ten cannot be checked";
  EXPECT_THAT(read(*object, {9 * kBlockBytes, 10}), HasCode(Errc::corrupt));
  EXPECT_EQ(object->state(), ObjectState::quarantined);
  EXPECT_EQ(object->cached_bytes(), 0U);
  EXPECT_EQ(metrics_.get(Counter::verify_failures), 1U);
}

TEST_F(VerificationTest, OnceAllBlocksAreHereNoneIsShownBeforeTheHashMatches) {
  const auto cache = open_cache();
  const std::string content = make_content(3 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.corrupt_at = 5;
  EXPECT_THAT(read_all(*object), HasCode(Errc::corrupt));
  std::array<std::byte, 10> into{};
  EXPECT_EQ(*object->read_present(0, into), 0U);
  EXPECT_EQ(object->complete_fd(), -1);
}

// Goal: "the range can be read" stays true while the hash of the last block is awaited.
// Method: another process's hash lock keeps the verification from ending.
TEST_F(VerificationTest, WhatAReaderMaySeeStaysVisibleWhenTheLastBlockLands) {
  const auto cache = open_cache();
  const std::string content = make_content(10 * kBlockBytes);
  const ObjectId id = source_.add(content);
  const auto object = *cache->open_object(id, source_);
  ASSERT_THAT(when_ready(*object, {0, kBlockBytes}).get(), IsOk());
  const auto other = std::move(*MapFile::open_existing(layout(), id.oid));
  while (!other->try_lock_hash()) std::this_thread::yield();
  object->prefetch({kBlockBytes, 9 * kBlockBytes}, Priority::prefetch);
  while (object->cached_bytes() < content.size()) std::this_thread::yield();
  std::array<std::byte, 100> into{};
  EXPECT_EQ(*object->read_present(0, into), into.size());
  EXPECT_EQ(*object->read_present(9 * kBlockBytes, into), 0U) << "the last block was shown";
  EXPECT_EQ(*object->read_present(5 * kBlockBytes, into), 0U) << "nobody was shown this before";
  other->unlock_hash();
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(VerificationTest, AfterAQuarantineTheNextReadFetchesAfresh) {
  const auto cache = open_cache();
  for (const std::size_t size : {std::size_t{1}, kBlockBytes, 3 * kBlockBytes, 30 * kBlockBytes}) {
    const std::string content = make_content(size, static_cast<std::uint32_t>(size));
    const auto object = *cache->open_object(source_.add(content), source_);
    source_.corrupt_at = 0;
    EXPECT_THAT(read_all(*object), HasCode(Errc::corrupt)) << size;
    source_.corrupt_at = -1;
    EXPECT_EQ(*read_all(*object), content) << size;
    EXPECT_EQ(object->state(), ObjectState::complete) << size;
  }
}

TEST_F(VerificationTest, TheHashIsContinuedByTheNextProcess) {
  const std::string content = make_content(20 * kBlockBytes + 9);
  const ObjectId id = source_.add(content);
  {
    const auto cache = open_cache();
    const auto object = *cache->open_object(id, source_);
    ASSERT_THAT(read(*object, {0, 12 * kBlockBytes}), IsOk());
    while ((*MapFile::open_existing(layout(), id.oid))->frontier() < 12) std::this_thread::yield();
  }
  // Were blocks hashed again, the damage would show.
  damage(layout().partial_data(id.oid), 5);
  const auto cache = open_cache();
  const auto object = *cache->open_object(id, source_);
  EXPECT_THAT(read(*object, {12 * kBlockBytes, 8 * kBlockBytes + 9}), IsOk());
  EXPECT_EQ(object->state(), ObjectState::complete);
}

TEST_F(VerificationTest, AMapOfAnEarlierBootCountsOnlyAsFarAsTheCheckpoint) {
  const std::string content = make_content(20 * kBlockBytes + 9);
  const ObjectId id = source_.add(content);
  {
    const auto cache = open_cache();
    const auto object = *cache->open_object(id, source_);
    ASSERT_THAT(read(*object, {4 * kBlockBytes, 2 * kBlockBytes}), IsOk());
  }
  // The boot id lies behind magic, version, block size, size and oid.
  damage(layout().partial_map(id.oid), 8 + 4 + 4 + 8 + 32);
  const auto cache = open_cache();
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(object->cached_bytes(), 2 * kBlockBytes);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.bytes_asked(), content.size());
}

TEST_F(VerificationTest, AMapOfAnEarlierBootWithoutCheckpointCountsForNothing) {
  const std::string content = make_content(20 * kBlockBytes + 9);
  const ObjectId id = source_.add(content);
  {
    const auto cache = open_cache();
    const auto object = *cache->open_object(id, source_);
    ASSERT_THAT(read(*object, {4 * kBlockBytes, 2 * kBlockBytes}), IsOk());
  }
  damage(layout().partial_map(id.oid), 8 + 4 + 4 + 8 + 32);
  for (const char* suffix : {"", "-wal", "-shm"}) remove_file(layout().index() + suffix);
  const auto cache = open_cache();
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(object->cached_bytes(), 0U);
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(VerificationTest, BlocksFetchedAgainAreCheckedAgainstTheLedgerThatSurvivedEviction) {
  const auto cache = open_cache();
  const std::string content = make_content(20 * kBlockBytes + 9);
  const ObjectId id = source_.add(content);
  store(*cache, id);
  (void)cache->totals();
  ASSERT_GT(*cache->evict(id.oid), 0U);
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(object->state(), ObjectState::remote);
  source_.corrupt_at = 7 * kBlockBytes + 1;
  EXPECT_THAT(read(*object, {7 * kBlockBytes, 10}), HasCode(Errc::corrupt));
  EXPECT_EQ(*read(*object, {8 * kBlockBytes, 10}), content.substr(8 * kBlockBytes, 10));
  EXPECT_EQ(object->cached_bytes(), kBlockBytes);
  source_.corrupt_at = -1;
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(object->state(), ObjectState::complete);
}

TEST_F(VerificationTest, VerifyDropsOnlyTheBadBlockOfACompleteObject) {
  const auto cache = open_cache();
  const std::string content = make_content(20 * kBlockBytes + 9);
  const ObjectId id = source_.add(content);
  store(*cache, id);
  EXPECT_TRUE(cache->verify({}, nullptr)->repaired.empty());
  damage(layout().object(id.oid), 5 * kBlockBytes + 3);
  const VerifyReport report = *cache->verify({}, nullptr);
  EXPECT_THAT(report.repaired, testing::ElementsAre(id.oid));
  EXPECT_TRUE(report.corrupt.empty());
  EXPECT_EQ(cache->status(id.oid)->state, ObjectState::partial);
  const std::uint64_t before = source_.bytes_asked();
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.bytes_asked() - before, kBlockBytes);
}

TEST_F(VerificationTest, VerifyRemovesABadObjectOfOneBlock) {
  const auto cache = open_cache();
  const std::string content = make_content(100);
  const ObjectId id = source_.add(content);
  store(*cache, id);
  damage(layout().object(id.oid), 50);
  EXPECT_THAT(cache->verify({id.oid}, nullptr)->corrupt, testing::ElementsAre(id.oid));
  EXPECT_EQ(cache->status(id.oid)->state, ObjectState::quarantined);
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(VerificationTest, VerifyFindsABadBlockOfAPartialObject) {
  const auto cache = open_cache();
  const std::string content = make_content(20 * kBlockBytes);
  const ObjectId id = source_.add(content);
  const auto object = *cache->open_object(id, source_);
  ASSERT_THAT(read(*object, {0, 10 * kBlockBytes}), IsOk());
  while ((*MapFile::open_existing(layout(), id.oid))->frontier() < 10) std::this_thread::yield();
  damage(layout().partial_data(id.oid), 2 * kBlockBytes);
  EXPECT_THAT(cache->verify({}, nullptr)->repaired, testing::ElementsAre(id.oid));
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(VerificationTest, AFileIsInsertedOnlyIfItIsTheObject) {
  const auto cache = open_cache();
  const std::string content = make_content(3 * kBlockBytes + 1);
  const ObjectId id = id_of(content);
  const std::string path = folder_ + "/file";
  ASSERT_THAT(write_file_atomically(path, content + "x"), IsOk());
  EXPECT_THAT(cache->insert_file(id, path), HasCode(Errc::corrupt));
  ASSERT_THAT(write_file_atomically(path, content), IsOk());
  ASSERT_THAT(cache->insert_file(id, path), IsOk());
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(object->state(), ObjectState::complete);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.count(), 0U);
}

TEST_F(VerificationTest, AWritableFileIsNotSharedWithTheCache) {
  const auto cache = open_cache();
  const std::string content = make_content(1000);
  const ObjectId id = id_of(content);
  const std::string path = folder_ + "/file";
  ASSERT_THAT(write_file_atomically(path, content), IsOk());
  ASSERT_THAT(cache->insert_file(id, path), IsOk());
  damage(path, 10);
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(VerificationTest, VerifiedFilesAreAdoptedWithoutACopyAndBecomeReadOnly) {
  const auto cache = open_cache();
  const std::string content = make_content(2 * kBlockBytes + 5);
  const std::string cut = make_content(3000);
  const ObjectId id = id_of(content);
  const std::string path = folder_ + "/file";
  const std::string short_path = folder_ + "/short";
  ASSERT_THAT(write_file_atomically(path, content), IsOk());
  ASSERT_THAT(write_file_atomically(short_path, cut.substr(1)), IsOk());
  ASSERT_THAT(cache->adopt_files({{id, path}, {id_of(cut), short_path}, {id, "/absent"}}), IsOk());
  EXPECT_EQ(cache->status(id_of(cut).oid)->state, ObjectState::remote);
  ASSERT_EQ(cache->status(id.oid)->state, ObjectState::complete);
  struct stat status {};
  ASSERT_EQ(::stat(cache->status(id.oid)->path.c_str(), &status), 0);
  EXPECT_TRUE(status.st_nlink == 1 || (status.st_mode & 0222U) == 0U);
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.count(), 0U);
}

TEST_F(VerificationTest, ADamagedHardLinkLeavesTheCacheAndIsNotWrittenTo) {
  const auto cache = open_cache();
  const std::string content = make_content(4 * kBlockBytes);
  const ObjectId id = id_of(content);
  const std::string path = folder_ + "/file";
  ASSERT_THAT(write_file_atomically(path, content), IsOk());
  ASSERT_THAT(cache->adopt_files({{id, path}}), IsOk());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  if (status.st_nlink == 1) GTEST_SKIP() << "the file system has reflinks";
  ASSERT_THAT(cache->verify({}, nullptr), IsOk());  // now the index has its ledger
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  damage(path, kBlockBytes + 7);
  EXPECT_THAT(cache->verify({}, nullptr)->corrupt, testing::ElementsAre(id.oid));
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 1U);
}

}  // namespace
}  // namespace lazylfs::cache
