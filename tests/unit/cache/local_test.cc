// Goal: an object in the repository's own store is read in place, if it is what it claims to be.
#include <unistd.h>

#include "lfs/base/files.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

class LocalTest : public CacheTest {
 protected:
  ObjectId add_local(const std::string& content, const std::string& in_file) {
    const ObjectId id = source_.add(content);
    const std::string path = folder_ + "/" + id.oid.hex();
    EXPECT_THAT(write_file_atomically(path, in_file), IsOk());
    source_.local_paths[id.oid] = path;
    return id;
  }
};

TEST_F(LocalTest, ASmallLocalFileIsCompleteAtOnceAndNotCopied) {
  const auto cache = open_cache();
  const std::string content = make_content(1000);
  const ObjectId id = add_local(content, content);
  const auto object = *cache->open_object(id, source_);
  EXPECT_GE(object->complete_fd(), 0);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.count(), 0U);
  EXPECT_EQ(cache->totals()->bytes, 0U);
}

TEST_F(LocalTest, ALargeLocalFileIsHashedOnceBeforeItIsRead) {
  const auto cache = open_cache();
  const std::string content = make_content(100 * kBlockBytes);
  const ObjectId id = add_local(content, content);
  {
    const auto object = *cache->open_object(id, source_);
    EXPECT_EQ(object->complete_fd(), -1);
    EXPECT_EQ(*read_all(*object), content);
    EXPECT_GE(object->complete_fd(), 0);
  }
  const auto again = *cache->open_object(id, source_);
  EXPECT_GE(again->complete_fd(), 0);
  EXPECT_EQ(metrics_.get(Counter::verified_objects), 1U);
  EXPECT_EQ(source_.count(), 0U);
}

TEST_F(LocalTest, AWrongLocalFileIsIgnoredAndTheObjectFetched) {
  const auto cache = open_cache();
  for (const std::size_t size : {std::size_t{1000}, 100 * kBlockBytes}) {
    const std::string content = make_content(size, 1);
    const ObjectId id = add_local(content, make_content(size, 2));
    const auto object = *cache->open_object(id, source_);
    EXPECT_EQ(*read_all(*object), content);
    EXPECT_EQ(object, *cache->open_object(id, source_));
  }
  EXPECT_EQ(source_.count(), 2U);
}

TEST_F(LocalTest, ALocalFileOfAnotherSizeIsIgnored) {
  const auto cache = open_cache();
  const std::string content = make_content(1000);
  const ObjectId id = add_local(content, content + "more");
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.count(), 1U);
}

TEST_F(LocalTest, AReadThatWaitsForTheHashCanBeCancelled) {
  const auto cache = open_cache();
  const std::string content = make_content(200 * kBlockBytes);
  const ObjectId id = add_local(content, content);
  const auto object = *cache->open_object(id, source_);
  std::shared_ptr<PendingRead> pending;
  auto ready = when_ready(*object, {0, 10}, &pending);
  pending->cancel();
  const Result<void> result = ready.get();
  EXPECT_TRUE(result || result.error().code() == Errc::cancelled);
}

}  // namespace
}  // namespace lazylfs::cache
