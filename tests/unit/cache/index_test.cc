// Goal: a lost or damaged index costs no data and no failed read.
#include "cache/index.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "lfs/base/files.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

class IndexTest : public CacheTest {
 protected:
  IndexTest() {
    const auto cache = open_cache();
    whole_ = source_.add(whole_content_);
    part_ = source_.add(part_content_);
    {
      const auto object = *cache->open_object(whole_, source_);
      EXPECT_THAT(read_all(*object), IsOk());
      const auto part = *cache->open_object(part_, source_);
      EXPECT_THAT(read(*part, {0, 2 * kBlockBytes}), IsOk());
    }
    wait_until_stored(folder_ + "/cache", whole_.oid);
  }

  std::string index() const { return Layout(folder_ + "/cache").index(); }
  void overwrite(std::uint64_t offset, std::size_t count) const {
    const Fd file = *open_file(index(), O_RDWR);
    ASSERT_THAT(pwrite_all(file.get(), as_bytes(make_content(count)), offset), IsOk());
  }
  int set_aside() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/cache")) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("index.db.corrupt-") && !name.ends_with("-wal") &&
          !name.ends_with("-shm")) {
        ++count;
      }
    }
    return count;
  }
  void expect_all_is_there(Cache& cache) {
    EXPECT_EQ(cache.status(whole_.oid)->state, ObjectState::complete);
    EXPECT_EQ(cache.status(part_.oid)->state, ObjectState::partial);
    EXPECT_GE(cache.totals()->bytes, whole_.size + 2 * kBlockBytes);
    const std::uint64_t asked = source_.bytes_asked();
    const auto whole = *cache.open_object(whole_, source_);
    EXPECT_EQ(*read_all(*whole), whole_content_);
    const auto part = *cache.open_object(part_, source_);
    EXPECT_EQ(*read_all(*part), part_content_);
    EXPECT_EQ(source_.bytes_asked() - asked, part_.size - 2 * kBlockBytes);
  }

  const std::string whole_content_ = make_content(5 * kBlockBytes + 1, 1);
  const std::string part_content_ = make_content(5 * kBlockBytes + 2, 2);
  ObjectId whole_, part_;
};

TEST_F(IndexTest, AMissingIndexIsRebuilt) {
  for (const char* suffix : {"", "-wal", "-shm"}) remove_file(index() + suffix);
  expect_all_is_there(*open_cache());
}

TEST_F(IndexTest, AnIndexThatIsNoDatabaseIsSetAsideAndRebuilt) {
  ASSERT_THAT(write_file_atomically(index(), "this is not a database, but it is long enough"),
              IsOk());
  expect_all_is_there(*open_cache());
  EXPECT_EQ(set_aside(), 1);
}

TEST_F(IndexTest, ATruncatedIndexIsRebuilt) {
  ASSERT_EQ(::truncate(index().c_str(), 5000), 0);
  expect_all_is_there(*open_cache());
  EXPECT_EQ(set_aside(), 1);
}

TEST_F(IndexTest, AnEmptyIndexIsRebuilt) {
  ASSERT_EQ(::truncate(index().c_str(), 0), 0);
  expect_all_is_there(*open_cache());
}

TEST_F(IndexTest, AnIndexWithOverwrittenPagesIsRebuilt) {
  overwrite(4096, 30000);
  expect_all_is_there(*open_cache());
  EXPECT_EQ(set_aside(), 1);
}

TEST_F(IndexTest, DamageThatShowsLaterIsRepairedThen) {
  const auto cache = open_cache();
  ASSERT_THAT(cache->list(), IsOk());
  overwrite(0, 60000);
  expect_all_is_there(*cache);
}

TEST_F(IndexTest, AnotherProcessMovesOverToTheRebuiltIndex) {
  const Layout layout(folder_ + "/cache");
  const auto ours = std::move(*Index::open(layout));
  const auto theirs = std::move(*Index::open(layout));
  overwrite(0, 60000);
  ASSERT_THAT(ours->rows(), IsOk());
  theirs->follow_replacement();
  ASSERT_THAT(ours->pin(whole_, true), IsOk());
  const Result<bool> pinned = theirs->is_pinned(whole_.oid);
  ASSERT_THAT(pinned, IsOk());
  EXPECT_TRUE(*pinned);
}

TEST_F(IndexTest, AnIndexOfANewerVersionIsLeftAlone) {
  {
    auto database = std::move(*Database::open(index()));
    ASSERT_THAT(database.execute("PRAGMA user_version = 999"), IsOk());
  }
  EXPECT_THAT(Cache::open(options(), metrics_), HasCode(Errc::unsupported));
  EXPECT_EQ(set_aside(), 0);
}

TEST_F(IndexTest, TotalsFollowEveryChange) {
  const auto index = std::move(*Index::open(Layout(folder_ + "/cache")));
  const std::uint64_t before = *index->total_bytes();
  const ObjectId id = id_of("x");
  ASSERT_THAT(index->record({{id, ObjectState::partial, 100, 1, false}}), IsOk());
  EXPECT_EQ(*index->total_bytes(), before + 100);
  ASSERT_THAT(index->record({{id, ObjectState::partial, 70, 2, false}}), IsOk());
  EXPECT_EQ(*index->total_bytes(), before + 70);
  ASSERT_THAT(index->forget(id.oid), IsOk());
  EXPECT_EQ(*index->total_bytes(), before);
}

}  // namespace
}  // namespace lazylfs::cache
