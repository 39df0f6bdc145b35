// The engine over real HTTP, against a loopback server that misbehaves as each test says.
#include "lfs/transfer/downloader.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "lfs/base/json.h"
#include "lfs/base/text.h"
#include "recording_sink.h"
#include "tests/unit/http/raw_server.h"

namespace lazylfs::lfs {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kSize = 300'000;

class DownloaderTest : public testing::Test {
 protected:
  using Storage = std::function<RawResponse(const RawRequest&, int)>;

  DownloaderTest() {
    std::string name = testing::TempDir() + "transfer-XXXXXX";
    folder_ = ::mkdtemp(name.data()) == nullptr ? "" : name;
  }
  ~DownloaderTest() override {
    downloader_.reset();
    std::filesystem::remove_all(folder_);
  }

  // What a good storage answers.
  RawResponse part(const RawRequest& request) const {
    const std::string range = request.header("Range");
    std::string_view text(range);
    take_until(text, '=');
    const std::uint64_t first = parse_uint(take_until(text, '-')).value_or(0);
    const std::uint64_t last = parse_uint(text).value_or(kSize - 1);
    return {206, {{"Content-Range", content_range(first, last)}}, bytes({first, last - first + 1})};
  }
  static std::string content_range(std::uint64_t first, std::uint64_t last) {
    return "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
           std::to_string(kSize);
  }
  std::string bytes(ByteRange range) const {
    return {reinterpret_cast<const char*>(content_.data()) + range.offset, range.length};
  }
  RawResponse batch(const RawRequest& request) const {
    Json reply;
    reply["objects"] = Json::array();
    const Json asked = parse_json(request.body).value_or(Json{});
    for (const Json& object : asked["objects"]) {
      const std::string oid = json_string(object, "oid").value_or("");
      reply["objects"].push_back(
          {{"oid", oid},
           {"size", object["size"]},
           {"authenticated", true},
           {"actions", {{"download", {{"href", server_->url("/" + oid)}}}}}});
    }
    return {200, {{"Content-Type", "application/vnd.git-lfs+json"}}, dump_json(reply)};
  }

  // A server whose storage answers as `storage` says; it is given the number of the request.
  Downloader& serve(Storage storage, DownloaderOptions options = {}) {
    server_ = RawServer::answering([this, storage = std::move(storage)](const RawRequest& request) {
      return request.method == "POST" ? batch(request) : storage(request, ++requests_);
    });
    return downloader(client_of(server_->url("/r")), options);
  }
  Downloader& serve_well() {
    return serve([this](const RawRequest& request, int) { return part(request); });
  }
  // A server that accepts and never answers.
  Downloader& serve_silence() {
    server_ =
        std::make_unique<RawServer>([](RawConnection& connection) { connection.wait_for_close(); });
    return downloader(client_of(server_->url("/r")));
  }

  std::unique_ptr<ApiClient> client_of(const std::string& url) {
    config_ = Config({{"http.proxy", "", false}});
    ApiClientOptions options;
    options.endpoint.url = url;
    options.remote = "origin";
    return std::make_unique<ApiClient>(engine_, config_, metrics_, std::move(options));
  }
  Downloader& downloader(std::unique_ptr<ApiClient> client, DownloaderOptions options = {}) {
    options.retry_delay_cap = std::chrono::milliseconds(1);
    downloader_ = std::make_unique<Downloader>(engine_, std::move(client),
                                               LocalStore({folder_ + "/local"}), metrics_, options);
    return *downloader_;
  }
  void put_object(const std::string& store) const {
    const std::string path = store + "/" + object_relative_path(id_.oid);
    ASSERT_TRUE(make_folders(parent_path(path)));
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(content_.data()),
               static_cast<std::streamsize>(content_.size()));
  }
  std::shared_ptr<RecordingSink> sink() const { return std::make_shared<RecordingSink>(content_); }

  // Fetches and says how that ended; a success has brought every byte, in order.
  std::string fetch(Downloader& downloader, ByteRange range) {
    const auto got = sink();
    const auto handle = downloader.start(id_, range, Priority::demand, got);
    const std::string outcome = got->outcome();
    EXPECT_THAT(got->broken(), IsEmpty());
    if (outcome == "ok") {
      EXPECT_TRUE(got->has(range)) << "bytes are missing";
    }
    return outcome;
  }

  std::string folder_;
  const std::vector<std::byte> content_ = content_of_size(kSize);
  const ObjectId id_{*Oid::parse(std::string(64, 'a')), kSize};
  std::atomic<int> requests_{0};
  std::unique_ptr<RawServer> server_;
  Metrics metrics_;
  Config config_;
  HttpEngine engine_{metrics_};
  std::unique_ptr<Downloader> downloader_;
};

TEST_F(DownloaderTest, ARangeComesFromTheServer) {
  EXPECT_EQ(fetch(serve_well(), {5000, 100'000}), "ok");
  EXPECT_EQ(metrics_.get(Counter::batch_calls), 1U);
}

TEST_F(DownloaderTest, ALocalObjectNeedsNoServerEvenOffline) {
  put_object(folder_ + "/local");
  EXPECT_EQ(fetch(downloader(nullptr, {.offline = true}), {7, kSize - 7}), "ok");
}

TEST_F(DownloaderTest, AFileRemoteIsReadInPlace) {
  put_object(folder_ + "/remote.git/lfs/objects");
  Downloader& under_test = downloader(client_of("file://" + folder_ + "/remote.git"));
  EXPECT_EQ(fetch(under_test, {0, kSize}), "ok");
}

TEST_F(DownloaderTest, WithoutAServerAnObjectIsNotFound) {
  EXPECT_EQ(fetch(downloader(nullptr), {0, 1}), "not_found");
}

TEST_F(DownloaderTest, AnEmptyRangeIsDoneAtOnce) {
  const auto got = sink();
  const auto handle = downloader(nullptr).start({id_.oid, 0}, {0, 10}, Priority::demand, got);
  EXPECT_EQ(got->outcome(), "ok");
}

TEST_F(DownloaderTest, ABodyThatEndsEarlyIsContinuedWhereItEnded) {
  std::vector<std::string> ranges;
  Downloader& under_test = serve([&](const RawRequest& request, int number) {
    ranges.push_back(request.header("Range"));
    RawResponse answer = part(request);
    if (number == 1) {
      answer.headers.push_back({"Content-Length", std::to_string(answer.body.size())});
      answer.body.resize(1000);
      answer.headers.push_back({"Connection", "close"});
    }
    return answer;
  });
  EXPECT_EQ(fetch(under_test, {0, 100'000}), "ok");
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[1], "bytes=1000-99999");
}

TEST_F(DownloaderTest, AServerThatIgnoresRangesSendsTheObjectOnce) {
  Downloader& under_test = serve([this](const RawRequest&, int) {
    return RawResponse{200, {}, bytes({0, kSize})};
  });
  const auto got = sink();
  const auto handle = under_test.start(id_, {200'000, 10}, Priority::demand, got);
  EXPECT_EQ(got->outcome(), "ok");
  EXPECT_EQ(got->began(), (ByteRange{0, kSize}));
  EXPECT_TRUE(got->has({0, kSize}));
  EXPECT_EQ(requests_, 1);
}

TEST_F(DownloaderTest, AnotherPartThanAskedForIsNeverTakenForTheRightOne) {
  Downloader& under_test = serve(
      [this](const RawRequest&, int) {
        return RawResponse{206, {{"Content-Range", content_range(10, 19)}}, bytes({10, 10})};
      },
      {.retries_max = 2});
  EXPECT_NE(fetch(under_test, {500, 10}), "ok");
}

TEST_F(DownloaderTest, AnObjectOfAnotherSizeIsRefused) {
  Downloader& under_test = serve(
      [](const RawRequest&, int) {
        return RawResponse{206, {{"Content-Range", "bytes 0-9/77"}}, std::string(10, 'x')};
      },
      {.retries_max = 2});
  EXPECT_NE(fetch(under_test, {0, 10}), "ok");
}

TEST_F(DownloaderTest, ServerErrorsAreRetried) {
  Downloader& under_test = serve([this](const RawRequest& request, int number) {
    return number < 4 ? RawResponse{503, {}, "busy"} : part(request);
  });
  EXPECT_EQ(fetch(under_test, {0, 10}), "ok");
  EXPECT_EQ(requests_, 4);
}

TEST_F(DownloaderTest, RetriesEndAndTheStoryIsKept) {
  Downloader& under_test = serve(
      [](const RawRequest&, int) {
        return RawResponse{500, {}, "broken"};
      },
      {.retries_max = 3});
  EXPECT_THAT(fetch(under_test, {0, 10}), AnyOf("transient", "timed_out"));
  EXPECT_EQ(requests_, 4);
  const auto trouble = under_test.last_trouble(id_.oid);
  ASSERT_TRUE(trouble.has_value());
  EXPECT_EQ(trouble->status, 500);
  EXPECT_EQ(trouble->attempts, 4);
}

TEST_F(DownloaderTest, AMissingObjectIsNotAskedForAgain) {
  Downloader& under_test = serve([](const RawRequest&, int) {
    return RawResponse{404, {}, "gone"};
  });
  EXPECT_EQ(fetch(under_test, {0, 10}), "not_found");
  EXPECT_LE(requests_, 2) << "once with the known action, once with a new one";
}

TEST_F(DownloaderTest, ARefusedActionIsRenewedOnce) {
  Downloader& under_test = serve([this](const RawRequest& request, int number) {
    return number == 1 ? RawResponse{403, {}, "expired"} : part(request);
  });
  EXPECT_EQ(fetch(under_test, {0, 10}), "ok");
  EXPECT_EQ(metrics_.get(Counter::batch_calls), 2U);
}

TEST_F(DownloaderTest, StorageThatRefusesForEverIsDenied) {
  Downloader& under_test = serve([](const RawRequest&, int) { return RawResponse{403, {}, "no"}; });
  EXPECT_EQ(fetch(under_test, {0, 10}), "denied");
}

TEST_F(DownloaderTest, ARedirectIsFollowedAndALoopEnds) {
  Downloader& under_test = serve([this](const RawRequest& request, int) {
    if (request.target == "/elsewhere") return part(request);
    return RawResponse{307, {{"Location", "/elsewhere"}}, ""};
  });
  EXPECT_EQ(fetch(under_test, {0, 10}), "ok");
  Downloader& circling = serve(
      [](const RawRequest&, int) {
        return RawResponse{302, {{"Location", "/round"}}, ""};
      },
      {.retries_max = 1});
  EXPECT_NE(fetch(circling, {0, 10}), "ok");
}

TEST_F(DownloaderTest, OfflineFailsAtOnce) {
  Downloader& under_test = serve_silence();
  under_test.set_offline(true);
  EXPECT_EQ(fetch(under_test, {0, 10}), "unreachable");
}

TEST_F(DownloaderTest, GoingOfflineFailsWhatIsUnderWay) {
  Downloader& under_test = serve([this](const RawRequest& request, int) {
    RawResponse answer = part(request);
    answer.headers.push_back({"Content-Length", std::to_string(answer.body.size())});
    answer.body.resize(500);  // the rest never comes
    return answer;
  });
  const auto got = sink();
  const auto handle = under_test.start(id_, {0, 1000}, Priority::demand, got);
  got->wait_for_data();
  under_test.set_offline(true);
  EXPECT_EQ(got->outcome(), "unreachable") << got->message();
}

TEST_F(DownloaderTest, DroppingTheHandleCancels) {
  Downloader& under_test = serve_silence();
  const auto got = sink();
  auto handle = under_test.start(id_, {0, 10}, Priority::demand, got);
  handle.reset();
  downloader_.reset();
  EXPECT_EQ(got->outcome(), "cancelled");
}

TEST_F(DownloaderTest, HandlesMayOutliveTheDownloader) {
  const auto got = sink();
  auto handle = serve_silence().start(id_, {0, 10}, Priority::demand, got);
  downloader_.reset();
  EXPECT_EQ(got->outcome(), "cancelled");
  handle->raise(Priority::demand);
  handle.reset();
}

// Goal: no call from any thread at any moment breaks the contract (CI runs it under TSan).
TEST_F(DownloaderTest, AStormOfStartsCancelsAndRaisesIsSafe) {
  Downloader& under_test = serve_well();
  constexpr unsigned kThreads = 4, kRounds = 60;
  std::atomic<int> successes{0};
  std::vector<std::jthread> threads;
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::minstd_rand random(thread + 1);
      for (unsigned round = 0; round < kRounds; ++round) {
        const std::uint64_t offset = random() % (kSize - 1);
        const ByteRange range{offset, 1 + random() % std::min<std::uint64_t>(kSize - offset, 9999)};
        const auto got = sink();
        auto handle = under_test.start(id_, range, Priority::prefetch, got);
        if (random() % 2 == 0) handle->raise(Priority::demand);
        if (random() % 3 == 0) handle.reset();
        const std::string outcome = got->outcome();
        EXPECT_THAT(outcome, AnyOf("ok", "cancelled")) << got->message();
        EXPECT_THAT(got->broken(), IsEmpty());
        if (outcome != "ok") continue;
        ++successes;
        EXPECT_TRUE(got->has(range));
      }
    });
  }
  threads.clear();
  EXPECT_GT(successes, 100);
}

TEST_F(DownloaderTest, ItMayEndInTheMiddleOfAStorm) {
  Downloader& under_test = serve_well();
  std::vector<std::shared_ptr<RecordingSink>> sinks;
  std::vector<std::unique_ptr<Fetch>> handles;
  for (std::uint64_t i = 0; i < 100; ++i) {
    sinks.push_back(sink());
    handles.push_back(under_test.start(id_, {i * 1000, 1000}, Priority::read_ahead, sinks.back()));
  }
  EXPECT_EQ(sinks.front()->outcome(), "ok");
  downloader_.reset();
  for (const auto& got : sinks) {
    EXPECT_THAT(got->outcome(), AnyOf("ok", "cancelled"));
    EXPECT_THAT(got->broken(), IsEmpty());
  }
}

}  // namespace
}  // namespace lazylfs::lfs
