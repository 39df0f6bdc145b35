// Goal: what is asked of the source, and when reads are answered.
#include <latch>
#include <thread>

#include "lfs/base/files.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

using FetchTest = CacheTest;

TEST_F(FetchTest, OpeningTouchesNothing) {
  const auto cache = open_cache();
  const ObjectId id = source_.add(make_content(5 * kBlockBytes));
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(object->state(), ObjectState::remote);
  EXPECT_EQ(object->complete_fd(), -1);
  EXPECT_EQ(source_.count(), 0U);
}

TEST_F(FetchTest, AnObjectThatWasOnlyOpenedLeavesNoFiles) {
  const auto cache = open_cache();
  const ObjectId id = source_.add(make_content(5 * kBlockBytes));
  (void)*cache->open_object(id, source_);
  EXPECT_FALSE(file_exists(Layout(folder_ + "/cache").partial_map(id.oid)));
  EXPECT_FALSE(file_exists(Layout(folder_ + "/cache").partial_data(id.oid)));
}

TEST_F(FetchTest, ASmallReadFetchesItsBlockOnly) {
  const auto cache = open_cache();
  const std::string content = make_content(10 * kBlockBytes + 5);
  const auto object = *cache->open_object(source_.add(content), source_);
  EXPECT_EQ(*read(*object, {3 * kBlockBytes + 7, 100}), content.substr(3 * kBlockBytes + 7, 100));
  EXPECT_THAT(source_.ranges(), testing::ElementsAre(ByteRange{3 * kBlockBytes, kBlockBytes}));
  EXPECT_EQ(object->state(), ObjectState::partial);
  EXPECT_EQ(object->cached_bytes(), kBlockBytes);
}

TEST_F(FetchTest, TheShortLastBlockIsFetchedAsItIs) {
  const auto cache = open_cache();
  const std::string content = make_content(2 * kBlockBytes + 5);
  const auto object = *cache->open_object(source_.add(content), source_);
  EXPECT_EQ(*read(*object, {2 * kBlockBytes, 5}), content.substr(2 * kBlockBytes));
  EXPECT_THAT(source_.ranges(), testing::ElementsAre(ByteRange{2 * kBlockBytes, 5}));
}

TEST_F(FetchTest, AReadOfEverythingEndsCompleteAndStored) {
  const auto cache = open_cache();
  const std::string content = make_content(40 * kBlockBytes + 77);
  const ObjectId id = source_.add(content);
  const auto object = *cache->open_object(id, source_);
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(object->state(), ObjectState::complete);
  EXPECT_GE(object->complete_fd(), 0);
  wait_until_stored(folder_ + "/cache", id.oid);
  EXPECT_EQ(*read_file(Layout(folder_ + "/cache").object(id.oid), 1U << 30U), content);
  EXPECT_EQ(source_.count(), 1U);
}

TEST_F(FetchTest, ReadsPastTheEndAreEmpty) {
  const auto cache = open_cache();
  const auto object = *cache->open_object(source_.add(make_content(100)), source_);
  std::array<std::byte, 10> into{};
  EXPECT_EQ(*object->read_present(100, into), 0U);
  EXPECT_THAT(when_ready(*object, {100, 10}).get(), IsOk());
  EXPECT_THAT(when_ready(*object, {~0ULL - 3, 10}).get(), IsOk());
  EXPECT_EQ(source_.count(), 0U);
}

TEST_F(FetchTest, AnEmptyObjectIsCompleteAtOnce) {
  const auto cache = open_cache();
  const auto object = *cache->open_object(source_.add(""), source_);
  EXPECT_EQ(object->state(), ObjectState::complete);
  EXPECT_GE(object->complete_fd(), 0);
  EXPECT_EQ(*read_all(*object), "");
}

TEST_F(FetchTest, ReadersOfOneRangeShareOneFetch) {
  constexpr int kReaders = 8;
  const auto cache = open_cache();
  const std::string content = make_content(20 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.manual = true;
  std::vector<std::future<Result<void>>> reads;
  for (int i = 0; i < kReaders; ++i) {
    reads.push_back(when_ready(*object, {4 * kBlockBytes, 2 * kBlockBytes}));
  }
  const auto request = source_.request(0);
  source_.deliver(*request, request->range);
  for (auto& result : reads) EXPECT_THAT(result.get(), IsOk());
  request->finish({});
  EXPECT_EQ(source_.count(), 1U);
}

TEST_F(FetchTest, AReadIsAnsweredAsItsBytesLandNotWhenTheFetchEnds) {
  const auto cache = open_cache();
  const std::string content = make_content(20 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.manual = true;
  object->prefetch({0, 20 * kBlockBytes}, Priority::prefetch);
  auto first = when_ready(*object, {0, 10});
  const auto request = source_.request(0);
  EXPECT_EQ(request->priority, Priority::demand) << "the read did not raise what it joined";
  source_.deliver(*request, {0, kBlockBytes});
  EXPECT_THAT(first.get(), IsOk());
  request->finish(Error(Errc::transient, "gone"));
}

TEST_F(FetchTest, AReadFarAheadOfAStreamFetchesForItself) {
  const auto cache = open_cache();
  const std::string content = make_content(200 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.manual = true;
  object->prefetch({0, content.size()}, Priority::prefetch);
  auto far = when_ready(*object, {190 * kBlockBytes, 1});
  const auto urgent = source_.request(1);
  EXPECT_EQ(urgent->range, (ByteRange{190 * kBlockBytes, kBlockBytes}));
  source_.deliver(*urgent, urgent->range);
  urgent->finish({});
  EXPECT_THAT(far.get(), IsOk());
  const auto stream = source_.request(0);
  source_.deliver(*stream, stream->range);
  stream->finish({});
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.count(), 2U);
}

TEST_F(FetchTest, OnlyTheMissingPartsAreFetched) {
  const auto cache = open_cache();
  const std::string content = make_content(10 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  ASSERT_THAT(read(*object, {4 * kBlockBytes, 1}), IsOk());
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_THAT(source_.ranges(), testing::ElementsAre(ByteRange{4 * kBlockBytes, kBlockBytes},
                                                     ByteRange{0, 4 * kBlockBytes},
                                                     ByteRange{5 * kBlockBytes, 5 * kBlockBytes}));
}

TEST_F(FetchTest, AFailedFetchFailsItsReadersAndTheNextReadTriesAgain) {
  const auto cache = open_cache();
  const std::string content = make_content(10 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.failures = 1;
  EXPECT_THAT(read(*object, {0, 10}), HasCode(Errc::transient));
  ASSERT_TRUE(object->last_error().has_value());
  EXPECT_EQ(object->last_error()->code(), Errc::transient);
  EXPECT_EQ(*read(*object, {0, 10}), content.substr(0, 10));
}

TEST_F(FetchTest, AFailureOfOneFetchLeavesReadersOfOthersAlone) {
  const auto cache = open_cache();
  const std::string content = make_content(10 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.manual = true;
  auto first = when_ready(*object, {0, 1});
  auto second = when_ready(*object, {5 * kBlockBytes, 1});
  source_.request(0)->finish(Error(Errc::unreachable, "offline"));
  EXPECT_THAT(first.get(), HasCode(Errc::unreachable));
  source_.deliver(*source_.request(1), source_.request(1)->range);
  EXPECT_THAT(second.get(), IsOk());
  source_.request(1)->finish({});
}

TEST_F(FetchTest, AServerWithoutRangeIsStreamedOnceIntoTheObject) {
  const auto cache = open_cache();
  const std::string content = make_content(20 * kBlockBytes + 3);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.ignore_range = true;
  EXPECT_EQ(*read(*object, {10 * kBlockBytes, 5}), content.substr(10 * kBlockBytes, 5));
  EXPECT_EQ(*read_all(*object), content);
  EXPECT_EQ(source_.count(), 1U);
}

TEST_F(FetchTest, BytesThatComeTwiceAreWrittenOnce) {
  const auto cache = open_cache();
  const std::string content = make_content(4 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.manual = true;
  auto all = when_ready(*object, {0, content.size()});
  const auto request = source_.request(0);
  source_.deliver(*request, {0, kBlockBytes + 1000});
  source_.deliver(*request, {kBlockBytes, 3000});
  source_.deliver(*request, {500, content.size() - 500});
  request->finish({});
  EXPECT_THAT(all.get(), IsOk());
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(FetchTest, AFetchThatEndsEarlyFailsItsReader) {
  const auto cache = open_cache();
  const auto object = *cache->open_object(source_.add(make_content(4 * kBlockBytes)), source_);
  source_.manual = true;
  auto all = when_ready(*object, {0, 2 * kBlockBytes});
  const auto request = source_.request(0);
  source_.deliver(*request, {0, kBlockBytes + 10});
  request->finish({});
  EXPECT_THAT(all.get(), HasCode(Errc::transient));
}

TEST_F(FetchTest, CancellingAnswersThatReaderOnly) {
  const auto cache = open_cache();
  const auto object = *cache->open_object(source_.add(make_content(9 * kBlockBytes)), source_);
  source_.manual = true;
  std::shared_ptr<PendingRead> pending;
  auto one = when_ready(*object, {0, 8 * kBlockBytes}, &pending);
  auto two = when_ready(*object, {0, 8 * kBlockBytes});
  pending->cancel();
  EXPECT_THAT(one.get(), HasCode(Errc::cancelled));
  const auto request = source_.request(0);
  EXPECT_FALSE(request->cancelled);
  source_.deliver(*request, request->range);
  EXPECT_THAT(two.get(), IsOk());
  pending->cancel();
  request->finish({});
}

TEST_F(FetchTest, TheLastReaderThatCancelsEndsALargeFetch) {
  const auto cache = open_cache();
  const std::string content = make_content(9 * kBlockBytes);
  const auto object = *cache->open_object(source_.add(content), source_);
  source_.manual = true;
  std::shared_ptr<PendingRead> pending;
  auto one = when_ready(*object, {0, 8 * kBlockBytes}, &pending);
  pending->cancel();
  EXPECT_THAT(one.get(), HasCode(Errc::cancelled));
  EXPECT_TRUE(source_.request(0)->cancelled);
  source_.manual = false;
  EXPECT_EQ(*read_all(*object), content);
}

TEST_F(FetchTest, TheLastReaderThatCancelsLeavesASmallFetchToEnd) {
  const auto cache = open_cache();
  const auto object = *cache->open_object(source_.add(make_content(9 * kBlockBytes)), source_);
  source_.manual = true;
  std::shared_ptr<PendingRead> pending;
  auto one = when_ready(*object, {0, 10}, &pending);
  pending->cancel();
  EXPECT_THAT(one.get(), HasCode(Errc::cancelled));
  const auto request = source_.request(0);
  EXPECT_FALSE(request->cancelled);
  source_.deliver(*request, request->range);
  request->finish({});
  EXPECT_EQ(object->cached_bytes(), kBlockBytes);
}

TEST_F(FetchTest, AReaderThatGetsNoByteWithinTheDeadlineTimesOut) {
  CacheOptions settings = options();
  settings.read_deadline = std::chrono::milliseconds(30);
  const auto cache = std::move(*Cache::open(settings, metrics_));
  const auto object = *cache->open_object(source_.add(make_content(9 * kBlockBytes)), source_);
  source_.manual = true;
  EXPECT_THAT(read(*object, {0, 10}), HasCode(Errc::timed_out));
  EXPECT_EQ(metrics_.get(Counter::deadline_expiries), 1U);
}

TEST_F(FetchTest, ClosingTheObjectCancelsItsFetchesAndReads) {
  const auto cache = open_cache();
  auto object = *cache->open_object(source_.add(make_content(9 * kBlockBytes)), source_);
  source_.manual = true;
  auto pending = when_ready(*object, {0, 8 * kBlockBytes});
  object.reset();
  EXPECT_THAT(pending.get(), HasCode(Errc::cancelled));
  EXPECT_TRUE(source_.request(0)->cancelled);
}

TEST_F(FetchTest, TheSameObjectIsReturnedWhileOneIsAlive) {
  const auto cache = open_cache();
  const ObjectId id = source_.add(make_content(9 * kBlockBytes));
  const auto one = *cache->open_object(id, source_);
  EXPECT_EQ(one, *cache->open_object(id, source_));
  EXPECT_THAT(cache->open_object({id.oid, id.size + 1}, source_), HasCode(Errc::corrupt));
}

}  // namespace
}  // namespace lazylfs::cache
