#include "cli/prefetcher.h"

#include <atomic>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/sha256.h"

namespace lazylfs::cli {
namespace {

using Done = std::function<void(Result<void>)>;

class NoPendingRead : public cache::PendingRead {
 public:
  void cancel() override {}
};

class FakeObject : public cache::Object {
 public:
  FakeObject(ObjectId id, std::function<void(Done)> on_read)
      : id_(id), on_read_(std::move(on_read)) {}

  const ObjectId& id() const override { return id_; }
  cache::ObjectState state() const override { return cache::ObjectState::remote; }
  std::uint64_t cached_bytes() const override { return 0; }
  Result<std::size_t> read_present(std::uint64_t, std::span<std::byte>) override {
    return std::size_t{0};
  }
  std::shared_ptr<cache::PendingRead> read_when_ready(ByteRange range, Done done) override {
    EXPECT_EQ(range, (ByteRange{0, id_.size}));
    on_read_(std::move(done));
    return std::make_shared<NoPendingRead>();
  }
  void prefetch(ByteRange, Priority) override {}
  int complete_fd() const override { return -1; }
  std::optional<Error> last_error() const override { return std::nullopt; }

 private:
  ObjectId id_;
  std::function<void(Done)> on_read_;
};

// Opens objects whose reads end as the test says; everything else is not asked of it.
class FakeCache : public cache::Cache {
 public:
  std::function<void(const ObjectId&, Done)> on_read;
  std::size_t opened = 0;

  Result<std::shared_ptr<cache::Object>> open_object(const ObjectId& id, cache::Source&) override {
    ++opened;
    if (id.size == kUnopenable) return Error(Errc::no_space, "disk full");
    return std::shared_ptr<cache::Object>(
        std::make_shared<FakeObject>(id, [this, id](Done done) { on_read(id, std::move(done)); }));
  }
  Result<cache::ObjectStatus> status(const Oid&) override { return unasked(); }
  Result<std::vector<cache::ObjectStatus>> list() override { return unasked(); }
  Result<cache::CacheTotals> totals() override { return unasked(); }
  Result<void> pin(const ObjectId&, bool) override { return unasked(); }
  Result<std::uint64_t> evict(const Oid&) override { return unasked(); }
  Result<cache::VerifyReport> verify(const std::vector<Oid>&,
                                     const std::function<void(const Oid&)>&) override {
    return unasked();
  }
  Result<cache::GcReport> gc(bool) override { return unasked(); }
  Result<void> insert_file(const ObjectId&, const std::string&) override { return unasked(); }
  Result<void> adopt_files(const std::vector<VerifiedFile>&) override { return unasked(); }

  static constexpr std::uint64_t kUnopenable = 4242;

 private:
  static Error unasked() { return {Errc::unsupported, "not asked of this fake"}; }
};

class NoSource : public cache::Source {
 public:
  std::unique_ptr<Fetch> start(const ObjectId&, ByteRange, Priority,
                               std::shared_ptr<ByteSink>) override {
    return nullptr;
  }
  Fd open_local(const ObjectId&) override { return {}; }
};

std::vector<Target> targets_of_sizes(const std::vector<std::uint64_t>& sizes) {
  std::vector<Target> targets;
  for (const std::uint64_t size : sizes) {
    const std::string path = "f" + std::to_string(targets.size());
    targets.push_back({{Sha256::of(path), size}, path});
  }
  return targets;
}

class PrefetcherTest : public testing::Test {
 protected:
  PrefetchReport run(const std::vector<Target>& targets) {
    return prefetch_objects(cache_, source_, targets,
                            {.progress = [this](const PrefetchProgress& now) { last_ = now; },
                             .expect = [this](const auto& ids) { expected_ += ids.size(); }});
  }
  FakeCache cache_;
  NoSource source_;
  PrefetchProgress last_;
  std::size_t expected_ = 0;
};

TEST_F(PrefetcherTest, CountsWhatBecameComplete) {
  cache_.on_read = [](const ObjectId&, const Done& done) { done({}); };
  const PrefetchReport report = run(targets_of_sizes({10, 20, 30}));
  EXPECT_EQ(report.objects, 3U);
  EXPECT_EQ(report.bytes, 60U);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_EQ(last_.objects_done, 3U);
  EXPECT_EQ(last_.bytes_done, 60U);
  EXPECT_EQ(last_.bytes_total, 60U);
}

TEST_F(PrefetcherTest, AFailureIsReportedAndStopsNoOther) {
  cache_.on_read = [](const ObjectId& id, const Done& done) {
    done(id.size == 20 ? Result<void>(Error(Errc::not_found, "gone")) : Result<void>());
  };
  const PrefetchReport report = run(targets_of_sizes({10, 20, 30}));
  EXPECT_EQ(report.objects, 2U);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].target.path, "f1");
  EXPECT_EQ(report.failures[0].error.message(), "gone");
}

TEST_F(PrefetcherTest, AnObjectThatCannotBeOpenedIsAFailure) {
  cache_.on_read = [](const ObjectId&, const Done& done) { done({}); };
  const PrefetchReport report = run(targets_of_sizes({FakeCache::kUnopenable, 1}));
  EXPECT_EQ(report.objects, 1U);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].error.code(), Errc::no_space);
}

// Goal: a command for ten thousand objects must not open ten thousand files.
// Method: hold every read; count what was opened when the first progress is reported.
TEST_F(PrefetcherTest, ReadsSeveralAtATimeButNotAll) {
  std::vector<Done> held;
  cache_.on_read = [&](const ObjectId&, Done done) { held.push_back(std::move(done)); };
  const auto targets = targets_of_sizes(std::vector<std::uint64_t>(100, 1));
  std::size_t opened_max = 0;
  const PrefetchReport report = prefetch_objects(
      cache_, source_, targets, {.progress = [&](const PrefetchProgress& progress) {
        opened_max = std::max<std::size_t>(opened_max, cache_.opened - progress.objects_done);
        for (const Done& done : std::exchange(held, {})) done({});
      }});
  EXPECT_EQ(report.objects, 100U);
  EXPECT_GT(opened_max, 1U);
  EXPECT_LT(opened_max, 100U);
}

TEST_F(PrefetcherTest, EveryObjectIsAnnouncedOnce) {
  cache_.on_read = [](const ObjectId&, const Done& done) { done({}); };
  run(targets_of_sizes(std::vector<std::uint64_t>(250, 1)));
  EXPECT_EQ(expected_, 250U);
}

TEST_F(PrefetcherTest, ReadsMayEndOnOtherThreads) {
  std::vector<std::jthread> threads;
  cache_.on_read = [&](const ObjectId&, Done done) {
    threads.emplace_back([done = std::move(done)] { done({}); });
  };
  EXPECT_EQ(run(targets_of_sizes(std::vector<std::uint64_t>(50, 2))).bytes, 100U);
}

}  // namespace
}  // namespace lazylfs::cli
