// Goal: limits hold, and what goes is what was not used for longest.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lfs/base/files.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

class EvictionTest : public CacheTest {
 protected:
  ObjectId store(Cache& cache, std::size_t size, std::uint32_t seed) {
    const ObjectId id = source_.add(make_content(size, seed));
    {
      const auto object = *cache.open_object(id, source_);
      EXPECT_THAT(read_all(*object), IsOk());
    }
    wait_until_stored(folder_ + "/cache", id.oid);
    return id;
  }
  static ObjectState state(Cache& cache, const ObjectId& id) { return cache.status(id.oid)->state; }
};

TEST_F(EvictionTest, TheLeastRecentlyUsedGoesFirst) {
  const auto cache = open_cache(64 * kBlockBytes);
  const ObjectId a = store(*cache, 20 * kBlockBytes, 1);
  const ObjectId b = store(*cache, 20 * kBlockBytes, 2);
  (void)*cache->open_object(a, source_);  // used again
  const ObjectId c = store(*cache, 20 * kBlockBytes, 3);
  const ObjectId d = store(*cache, 20 * kBlockBytes, 4);
  EXPECT_EQ(state(*cache, b), ObjectState::remote);
  EXPECT_EQ(state(*cache, a), ObjectState::complete);
  EXPECT_EQ(state(*cache, c), ObjectState::complete);
  EXPECT_EQ(state(*cache, d), ObjectState::complete);
  EXPECT_LE(cache->totals()->bytes, 64 * kBlockBytes);
  EXPECT_GE(metrics_.get(Counter::cache_evictions), 1U);
}

TEST_F(EvictionTest, APinnedObjectStays) {
  const auto cache = open_cache(64 * kBlockBytes);
  const ObjectId a = store(*cache, 20 * kBlockBytes, 1);
  ASSERT_THAT(cache->pin(a, true), IsOk());
  EXPECT_THAT(cache->evict(a.oid), HasCode(Errc::busy));
  for (std::uint32_t seed = 2; seed < 8; ++seed) store(*cache, 20 * kBlockBytes, seed);
  EXPECT_EQ(state(*cache, a), ObjectState::complete);
  EXPECT_TRUE(cache->status(a.oid)->pinned);
  ASSERT_THAT(cache->pin(a, false), IsOk());
  EXPECT_THAT(cache->evict(a.oid), IsOk());
  EXPECT_EQ(state(*cache, a), ObjectState::remote);
}

TEST_F(EvictionTest, AnAbsentObjectMayBePinned) {
  const auto cache = open_cache();
  const ObjectId id = id_of(make_content(100));
  ASSERT_THAT(cache->pin(id, true), IsOk());
  EXPECT_TRUE(cache->status(id.oid)->pinned);
  EXPECT_EQ(cache->list()->size(), 1U);
  EXPECT_EQ(cache->totals()->pinned, 1U);
}

TEST_F(EvictionTest, AnObjectLargerThanTheLimitIsReadableAndVerified) {
  constexpr std::uint64_t kLimit = 64 * kBlockBytes;
  const auto cache = open_cache(kLimit);
  const std::string content = make_content(400 * kBlockBytes + 5);
  const ObjectId id = source_.add(content);
  const auto object = *cache->open_object(id, source_);
  constexpr std::uint64_t kStep = 4 * kBlockBytes;
  for (std::uint64_t at = 0; at < content.size(); at += kStep) {
    const ByteRange range = cut_to_size({at, kStep}, content.size());
    ASSERT_EQ(*read(*object, range), content.substr(range.offset, range.length));
    ASSERT_LE(object->cached_bytes(), kLimit + kLimit / 4);
  }
  EXPECT_EQ(object->state(), ObjectState::partial);
  // Its ledger is known now: a wrong block is noticed although the rest is not here.
  source_.corrupt_at = 1;
  EXPECT_THAT(read(*object, {0, 10}), HasCode(Errc::corrupt));
  source_.corrupt_at = -1;
  EXPECT_EQ(*read(*object, {0, 10}), content.substr(0, 10));
}

TEST_F(EvictionTest, TheLastBlockOfAWrongObjectLargerThanTheLimitIsWithheld) {
  const auto cache = open_cache(64 * kBlockBytes);
  const std::string content = make_content(200 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.corrupt_at = 10;
  for (std::uint64_t block = 0; block < 199; ++block) {
    ASSERT_THAT(read(*object, {block * kBlockBytes, kBlockBytes}), IsOk());
  }
  // Either this read fails, or the whole was hashed and dropped before it asked, which who reads a
  // file to its end is told by the count.
  const auto last = read(*object, {199 * kBlockBytes, kBlockBytes});
  if (!last) {
    EXPECT_EQ(last.error().code(), Errc::corrupt);
  }
  EXPECT_EQ(object->mismatches(), 1U);
}

TEST_F(EvictionTest, GcSaysWhatItWouldDoAndThenDoesIt) {
  std::vector<ObjectId> ids;
  {
    const auto cache = open_cache();
    for (std::uint32_t seed = 1; seed < 5; ++seed) {
      ids.push_back(store(*cache, 20 * kBlockBytes, seed));
    }
  }
  const auto cache = open_cache(64 * kBlockBytes);
  const GcReport dry = *cache->gc(true);
  EXPECT_THAT(dry.removed, testing::ElementsAre(ids[0].oid));
  EXPECT_EQ(state(*cache, ids[0]), ObjectState::complete);
  const GcReport wet = *cache->gc(false);
  EXPECT_EQ(wet.removed, dry.removed);
  EXPECT_EQ(state(*cache, ids[0]), ObjectState::remote);
}

TEST_F(EvictionTest, GcRemovesTemporaryFilesOfDeadProcessesOnly) {
  const auto cache = open_cache();
  const std::string dead = folder_ + "/cache/tmp/999999999-1";
  const std::string alive = folder_ + "/cache/tmp/" + std::to_string(::getpid()) + "-1";
  ASSERT_THAT(write_file_atomically(dead, "x"), IsOk());
  ASSERT_THAT(write_file_atomically(alive, "x"), IsOk());
  ASSERT_THAT(cache->gc(false), IsOk());
  EXPECT_FALSE(file_exists(dead));
  EXPECT_TRUE(file_exists(alive));
}

TEST_F(EvictionTest, ListIsMostRecentlyUsedFirst) {
  const auto cache = open_cache();
  const ObjectId a = store(*cache, 100, 1);
  const ObjectId b = store(*cache, 100, 2);
  (void)*cache->open_object(a, source_);
  const auto list = *cache->list();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].id, a);
  EXPECT_EQ(list[1].id, b);
  EXPECT_TRUE(file_exists(list[0].path));
}

// Goal: a full disk is an honest error, not a crash, and room is made where it can be.
class FullDiskTest : public EvictionTest {
 protected:
  void SetUp() override {
    ::mkdir((folder_ + "/cache").c_str(), 0700);
    if (::mount("tmpfs", (folder_ + "/cache").c_str(), "tmpfs", 0, "size=8m") != 0) {
      GTEST_SKIP() << "needs the right to mount";
    }
  }
  void TearDown() override { ::umount2((folder_ + "/cache").c_str(), MNT_DETACH); }
};

TEST_F(FullDiskTest, OldObjectsMakeRoomForNewOnes) {
  const auto cache = open_cache();
  for (std::uint32_t seed = 1; seed < 12; ++seed) store(*cache, 20 * kBlockBytes, seed);
  EXPECT_GE(metrics_.get(Counter::cache_evictions), 4U);
}

TEST_F(FullDiskTest, WhenNothingCanGoTheReaderIsTold) {
  const auto cache = open_cache();
  std::vector<std::shared_ptr<Object>> open;
  Result<std::string> last = std::string();
  for (std::uint32_t seed = 1; seed < 12 && last; ++seed) {
    const ObjectId id = source_.add(make_content(20 * kBlockBytes, seed));
    ASSERT_THAT(cache->pin(id, true), IsOk());
    const Result<std::shared_ptr<Object>> object = cache->open_object(id, source_);
    if (!object) {
      last = object.error();
    } else {
      last = read_all(**object);
    }
  }
  EXPECT_THAT(last, HasCode(Errc::no_space));
}

}  // namespace
}  // namespace lazylfs::cache
