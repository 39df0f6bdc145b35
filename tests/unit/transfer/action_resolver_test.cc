#include "lfs/transfer/action_resolver.h"

#include <ctime>
#include <filesystem>
#include <future>
#include <iterator>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::SizeIs;

ObjectId number(unsigned number) {
  std::array<std::uint8_t, Oid::kBytes> bytes{};
  bytes[0] = static_cast<std::uint8_t>(number >> 8U);
  bytes[1] = static_cast<std::uint8_t>(number);
  return {Oid(bytes), 1};
}

std::vector<ObjectId> numbers(unsigned first, unsigned count) {
  std::vector<ObjectId> ids;
  for (unsigned i = 0; i < count; ++i) ids.push_back(number(first + i));
  return ids;
}

// A server in memory. Calls wait while it is held.
class FakeServer final : public ActionSource {
 public:
  Result<std::vector<BatchObject>> batch_download(const std::vector<ObjectId>& ids) override {
    std::unique_lock lock(mutex_);
    calls_.push_back(ids);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    if (error_) return *error_;
    std::vector<BatchObject> objects;
    for (const ObjectId& id : ids) {
      BatchObject object{.id = id};
      if (!missing_.contains(id.oid)) {
        object.download = Action{.href = "https://storage.test/" + std::to_string(calls_.size()),
                                 .headers = {},
                                 .expires_at = expires_at_};
      }
      objects.push_back(std::move(object));
    }
    return objects;
  }

  void hold() {
    set([this] { held_ = true; });
  }
  void release() {
    set([this] { held_ = false; });
  }
  void fail_with(std::optional<Error> error) {
    set([&] { error_ = std::move(error); });
  }
  void expire_at(std::int64_t time) {
    set([&] { expires_at_ = time; });
  }
  void lack(const Oid& oid) {
    set([&] { missing_.insert({oid, true}); });
  }

  std::vector<std::vector<ObjectId>> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  void wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
  }

 private:
  template <typename Change>
  void set(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<ObjectId>> calls_;
  std::optional<Error> error_;
  std::optional<std::int64_t> expires_at_;
  std::unordered_map<Oid, bool> missing_;
  bool held_ = false;
};

class ActionResolverTest : public testing::Test {
 protected:
  ActionResolver& resolver(milliseconds window = milliseconds(0)) {
    if (!resolver_) {
      resolver_ =
          std::make_unique<ActionResolver>(server_, ResolverOptions{.coalesce_window = window});
    }
    return *resolver_;
  }
  std::future<Result<Action>> ask(unsigned id, Priority priority = Priority::demand) {
    auto promise = std::make_shared<std::promise<Result<Action>>>();
    resolver().resolve(number(id), priority,
                       [promise](Result<Action> action) { promise->set_value(std::move(action)); });
    return promise->get_future();
  }

  FakeServer server_;
  std::unique_ptr<ActionResolver> resolver_;
};

TEST_F(ActionResolverTest, ARequestThatFindsNoCallUnderWayGoesAtOnce) {
  resolver(std::chrono::hours(1));
  EXPECT_TRUE(ask(1).get().has_value());
  EXPECT_TRUE(ask(2).get().has_value());
  EXPECT_THAT(server_.calls(), SizeIs(2));
}

TEST_F(ActionResolverTest, RequestsWithinTheWindowShareACall) {
  resolver(std::chrono::seconds(2));
  std::vector<std::future<Result<Action>>> answers;
  server_.hold();
  answers.push_back(ask(0));
  server_.wait_for_calls(1);
  for (unsigned i = 1; i <= 50; ++i) answers.push_back(ask(i));
  server_.release();
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
  EXPECT_THAT(server_.calls(), ElementsAre(SizeIs(1), SizeIs(50)));
}

TEST_F(ActionResolverTest, AFullCallDoesNotWaitForTheWindow) {
  resolver(std::chrono::hours(1));
  std::vector<std::future<Result<Action>>> answers;
  server_.hold();
  answers.push_back(ask(0));
  server_.wait_for_calls(1);
  for (unsigned i = 1; i <= 100; ++i) answers.push_back(ask(i));
  server_.wait_for_calls(2);
  server_.release();
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
}

TEST_F(ActionResolverTest, SiblingsComeAlongAndCostNothingLater) {
  resolver().expect(numbers(1, 5));
  EXPECT_TRUE(ask(1).get().has_value());
  EXPECT_THAT(server_.calls(), ElementsAre(SizeIs(5)));
  EXPECT_TRUE(ask(5).get().has_value());
  EXPECT_THAT(server_.calls(), SizeIs(1));
}

TEST_F(ActionResolverTest, RequestsForOneObjectShareItsQuestion) {
  server_.hold();
  auto first = ask(1);
  server_.wait_for_calls(1);
  auto second = ask(1);
  server_.release();
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(second.get().has_value());
  EXPECT_THAT(server_.calls(), SizeIs(1));
}

TEST_F(ActionResolverTest, OneSlowCallDoesNotHoldUpTheNext) {
  server_.hold();
  auto first = ask(1);
  server_.wait_for_calls(1);
  auto second = ask(2);
  server_.wait_for_calls(2);
  server_.release();
  EXPECT_TRUE(first.get().has_value());
  EXPECT_TRUE(second.get().has_value());
}

TEST_F(ActionResolverTest, AnActionIsAskedForAgainBeforeItExpires) {
  server_.expire_at(std::time(nullptr) + 10);  // less than the margin
  EXPECT_TRUE(ask(1).get().has_value()) << "it serves who waited";
  EXPECT_TRUE(ask(1).get().has_value());
  EXPECT_THAT(server_.calls(), SizeIs(2));
}

TEST_F(ActionResolverTest, OnlyTheActionThatFailedIsForgotten) {
  const std::string href = ask(1).get()->href;
  resolver().forget(number(1).oid, "https://storage.test/older");
  EXPECT_EQ(ask(1).get()->href, href);
  resolver().forget(number(1).oid, href);
  EXPECT_NE(ask(1).get()->href, href);
}

TEST_F(ActionResolverTest, AMissingObjectFailsAloneAndMayAppear) {
  server_.lack(number(1).oid);
  resolver().expect(numbers(1, 2));
  EXPECT_EQ(ask(1).get().error().code(), Errc::not_found);
  EXPECT_TRUE(ask(2).get().has_value());
  EXPECT_FALSE(ask(1).get().has_value());
  EXPECT_THAT(server_.calls(), SizeIs(2));
}

TEST_F(ActionResolverTest, AFailedCallFailsItsWaitersAndIsNotRemembered) {
  server_.fail_with(Error(Errc::transient, "503"));
  EXPECT_EQ(ask(1).get().error().code(), Errc::transient);
  server_.fail_with(std::nullopt);
  EXPECT_TRUE(ask(1).get().has_value());
}

TEST_F(ActionResolverTest, DemandGoesBeforePrefetch) {
  server_.hold();
  auto one = ask(1);
  server_.wait_for_calls(1);
  auto two = ask(2);
  server_.wait_for_calls(2);  // both threads are busy now
  std::vector<std::future<Result<Action>>> later;
  for (unsigned i = 100; i < 220; ++i) later.push_back(ask(i, Priority::prefetch));
  later.push_back(ask(3));
  later.push_back(ask(300, Priority::prefetch));
  resolver().raise(number(300).oid, Priority::demand);
  server_.release();
  for (auto& answer : later) EXPECT_TRUE(answer.get().has_value());
  EXPECT_THAT(server_.calls().at(2),
              testing::AllOf(testing::Contains(number(3)), testing::Contains(number(300))));
}

auto threads_here() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

TEST_F(ActionResolverTest, ItsEndAnswersWhatStillWaits) {
  server_.hold();
  resolver(std::chrono::hours(1));
  auto sent = ask(1);
  server_.wait_for_calls(1);
  auto waiting = ask(2);  // for company, since a call is under way
  const auto threads = threads_here();
  std::latch begun(1);
  std::thread end([&] {
    begun.count_down();
    resolver_.reset();
  });
  begun.wait();
  // Of the resolver's threads the idle one leaves when the end has begun.
  while (threads_here() > threads) std::this_thread::sleep_for(milliseconds(1));
  server_.release();
  end.join();
  EXPECT_TRUE(sent.get().has_value());
  const Result<Action> answer = waiting.get();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Errc::cancelled);
}

}  // namespace
}  // namespace lazylfs::lfs
