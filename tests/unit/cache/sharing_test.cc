// Goal: caches of several processes on one folder work as one.
// Method: two Cache instances in one process: their locks conflict as those of two processes do.
#include <thread>

#include "lfs/base/files.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

class SharingTest : public CacheTest {
 protected:
  std::unique_ptr<Cache> one_ = open_cache();
  std::unique_ptr<Cache> two_ = open_cache();
  FakeSource other_source_;
};

TEST_F(SharingTest, ARangeThatAnotherProcessFetchesIsNotFetchedAgain) {
  const std::string content = make_content(10 * kBlockBytes);
  const ObjectId id = source_.add(content);
  other_source_.add(content);
  const auto ours = *one_->open_object(id, source_);
  const auto theirs = *two_->open_object(id, other_source_);
  source_.manual = true;
  auto first = when_ready(*ours, {0, 2 * kBlockBytes});
  auto second = when_ready(*theirs, {kBlockBytes, 10});
  source_.deliver(*source_.request(0), source_.request(0)->range);
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
  source_.request(0)->finish({});
  EXPECT_EQ(*read(*theirs, {kBlockBytes, 10}), content.substr(kBlockBytes, 10));
  EXPECT_EQ(other_source_.count(), 0U);
}

TEST_F(SharingTest, WhatAnotherProcessFailedToFetchIsFetchedHere) {
  const std::string content = make_content(10 * kBlockBytes);
  const ObjectId id = source_.add(content);
  other_source_.add(content);
  const auto ours = *one_->open_object(id, source_);
  const auto theirs = *two_->open_object(id, other_source_);
  source_.manual = true;
  auto first = when_ready(*ours, {0, 2 * kBlockBytes});
  auto second = when_ready(*theirs, {kBlockBytes, 10});
  source_.request(0)->finish(Error(Errc::unreachable, "offline"));
  EXPECT_THAT(first.get(), HasCode(Errc::unreachable));
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_EQ(other_source_.count(), 1U);
}

TEST_F(SharingTest, TheTwoLastBlocksOfTwoProcessesAreBothWithheldUntilTheHashMatches) {
  const std::string content = make_content(10 * kBlockBytes);
  const ObjectId id = source_.add(content);
  other_source_.add(content);
  const auto ours = *one_->open_object(id, source_);
  const auto theirs = *two_->open_object(id, other_source_);
  other_source_.corrupt_at = 9 * kBlockBytes;
  ASSERT_THAT(read(*ours, {0, 8 * kBlockBytes}), IsOk());
  source_.manual = other_source_.manual = true;
  auto first = when_ready(*ours, {8 * kBlockBytes, 10});
  auto second = when_ready(*theirs, {9 * kBlockBytes, 10});
  const auto theirs_request = other_source_.request(0);
  other_source_.deliver(*theirs_request, theirs_request->range);
  EXPECT_THAT(second.get(), IsOk()) << "block 8 is missing still";
  source_.deliver(*source_.request(1), source_.request(1)->range);
  EXPECT_THAT(first.get(), HasCode(Errc::corrupt));
  source_.request(1)->finish({});
  theirs_request->finish({});
  EXPECT_EQ(theirs->cached_bytes(), 0U);
}

TEST_F(SharingTest, AnObjectThatAnotherProcessCompletesIsCompleteHere) {
  const std::string content = make_content(10 * kBlockBytes + 1);
  const ObjectId id = source_.add(content);
  const auto theirs = *two_->open_object(id, other_source_);
  const auto ours = *one_->open_object(id, source_);
  ASSERT_EQ(*read_all(*ours), content);
  wait_until_stored(folder_ + "/cache", id.oid);
  EXPECT_GE(theirs->complete_fd(), 0);
  EXPECT_EQ(*read_all(*theirs), content);
  EXPECT_EQ(other_source_.count(), 0U);
}

TEST_F(SharingTest, APartialObjectThatAnotherProcessHasOpenIsNotEvicted) {
  const std::string content = make_content(10 * kBlockBytes);
  const ObjectId id = source_.add(content);
  const auto ours = *one_->open_object(id, source_);
  ASSERT_THAT(read(*ours, {0, kBlockBytes}), IsOk());
  ASSERT_THAT(one_->totals(), IsOk());  // writes what is known
  EXPECT_THAT(two_->evict(id.oid), HasCode(Errc::busy));
  EXPECT_EQ(ours->cached_bytes(), kBlockBytes);
}

TEST_F(SharingTest, AReaderKeepsACompleteObjectThatAnotherProcessEvicts) {
  const std::string content = make_content(10 * kBlockBytes);
  const ObjectId id = source_.add(content);
  const auto ours = *one_->open_object(id, source_);
  ASSERT_EQ(*read_all(*ours), content);
  wait_until_stored(folder_ + "/cache", id.oid);
  ASSERT_THAT(two_->evict(id.oid), IsOk());
  EXPECT_FALSE(file_exists(Layout(folder_ + "/cache").object(id.oid)));
  EXPECT_EQ(*read_all(*ours), content);
}

TEST_F(SharingTest, BothProcessesReadEverythingAtOnce) {
  const std::string content = make_content(100 * kBlockBytes + 17);
  const ObjectId id = source_.add(content);
  other_source_.add(content);
  const auto ours = *one_->open_object(id, source_);
  const auto theirs = *two_->open_object(id, other_source_);
  const auto scan = [&](Object& object, bool forward) {
    const std::uint64_t steps = content.size() / 100'000 + 1;
    for (std::uint64_t i = 0; i < steps; ++i) {
      const std::uint64_t at = (forward ? i : steps - 1 - i) * 100'000;
      const ByteRange range = cut_to_size({at, 100'000}, content.size());
      const Result<std::string> part = read(object, range);
      ASSERT_THAT(part, IsOk());
      ASSERT_EQ(*part, content.substr(range.offset, range.length));
    }
  };
  std::jthread other([&] { scan(*theirs, false); });
  scan(*ours, true);
  other.join();
  // A straddling read joins one block and fetches the other; nothing is fetched twice.
  EXPECT_EQ(source_.bytes_asked() + other_source_.bytes_asked(), content.size());
}

}  // namespace
}  // namespace lazylfs::cache
