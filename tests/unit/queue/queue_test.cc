#include <atomic>

#include "tests/unit/queue/fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(QueueTest, ADownloadedObjectIsInTheStoreAndReportedOnceForAllItsNames) {
  const ObjectId id = serve("hello");
  const auto errors = run(Operation::download, {{id, "a"}, {id, "b"}});
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_EQ(content_of(id), "hello");
  ASSERT_THAT(recorder_.outcomes(), SizeIs(1));
  EXPECT_THAT(recorder_.outcomes()[0].names, ElementsAre("a", "b"));
  EXPECT_TRUE(recorder_.outcomes()[0].moved);
  EXPECT_EQ(recorder_.outcomes()[0].path, store().object_path(id.oid));
  EXPECT_EQ(recorder_.bytes(id), 5);
  EXPECT_THAT(requests("GET"), SizeIs(1));
}

TEST_F(QueueTest, AnObjectThatIsHereIsNotAskedFor) {
  const ObjectId id = put_locally("local");
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), IsEmpty());
  EXPECT_THAT(requests(), IsEmpty());
  EXPECT_FALSE(recorder_.outcomes().at(0).moved);
}

TEST_F(QueueTest, ARefetchReplacesWhatIsHere) {
  const ObjectId id = serve("content");
  put_locally("content");
  ASSERT_TRUE(write_file_atomically(store().object_path(id.oid), "corrupt").has_value());
  QueueOptions options;
  options.refetch = true;
  EXPECT_THAT(run(Operation::download, {{id, "a"}}, options), IsEmpty());
  EXPECT_EQ(content_of(id), "content");
}

TEST_F(QueueTest, ALargeObjectIsStreamedAndVerified) {
  std::string content(9U << 20U, 'x');
  for (std::size_t i = 0; i < content.size(); i += 4099) content[i] = static_cast<char>(i);
  const ObjectId id = serve(content);
  EXPECT_THAT(run(Operation::download, {{id, "big"}}), IsEmpty());
  EXPECT_TRUE(content_of(id) == content);
  EXPECT_EQ(recorder_.bytes(id), static_cast<std::int64_t>(content.size()));
  EXPECT_FALSE(file_exists(store().partial_path(id.oid)));
}

TEST_F(QueueTest, WrongContentIsNotKept) {
  const ObjectId id = serve("right");
  (*objects_.lock())[id.oid.hex()] = "wrong";
  const auto errors = run(Operation::download, {{id, "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].message(), "expected OID " + id.oid.hex() + ", got " +
                                     Sha256::of("wrong").hex() + " after 5 bytes written");
  EXPECT_EQ(content_of(id), "(absent)");
  EXPECT_EQ(recorder_.bytes(id), 0);
  EXPECT_THAT(requests("GET"), SizeIs(2)) << "it is tried once more";
}

TEST_F(QueueTest, APackedBodyIsUnpackedAndNoLongerThanTheObject) {
  // 1000 times an "a", by gzip
  const std::string packed(
      "\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\x4B\x4C\x1C\x05\xA3\x60\x14\x0C"
      "\x77\x00\x00\x03\xDA\x38\x9A\xE8\x03\x00\x00",
      29);
  const ObjectId id = serve(std::string(1000, 'a'));
  const ObjectId shorter = serve(std::string(999, 'a'));
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (request.method != "GET") return std::nullopt;
    EXPECT_EQ(request.header("Accept-Encoding"), "gzip");
    return RawResponse{200, {{"Content-Encoding", "gzip"}}, packed};
  };
  const auto errors = run(Operation::download, {{id, "a"}, {shorter, "b"}});
  EXPECT_EQ(content_of(id), std::string(1000, 'a'));
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(), HasSubstr("more than the 999 bytes"));
  EXPECT_EQ(content_of(shorter), "(absent)");
}

TEST_F(QueueTest, ABodyThatDoesNotEndIsRefused) {
  const ObjectId id = serve("right");
  (*objects_.lock())[id.oid.hex()] = std::string(100000, 'x');
  const auto errors = run(Operation::download, {{id, "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(), HasSubstr("more than the 5 bytes"));
}

TEST_F(QueueTest, ObjectErrorsNameTheObjectAndTheRestIsMoved) {
  const ObjectId here = serve("here");
  const ObjectId gone = id_of("gone");
  const auto errors = run(Operation::download, {{here, "a"}, {gone, "b"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].message(),
            "[" + gone.oid.hex() + "] Object does not exist: [404] Object does not exist");
  EXPECT_EQ(content_of(here), "here");
}

TEST_F(QueueTest, AReplyThatLeavesAnObjectOutEndsItAndOneTooManyIsAnError) {
  const ObjectId id = serve("a");
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (!request.target.ends_with("/batch")) return std::nullopt;
    return json(200, {{"objects", {{{"oid", std::string(64, 'f')}, {"size", 1}}}}});
  };
  const auto errors = run(Operation::download, {{id, "a"}});
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_EQ(errors[0].message(),
            "[" + std::string(64, 'f') + "] The server returned an unknown OID.");
  EXPECT_THAT(errors[1].message(), HasSubstr("leaves this object out"));
}

TEST_F(QueueTest, AFailedBatchCallIsOneErrorForAllItsObjects) {
  before_ = [](const RawRequest&) { return json(404, Json::object()); };
  const auto errors = run(Operation::download, {{id_of("a"), "a"}, {id_of("b"), "b"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(),
              HasSubstr("batch response: Repository or object not found: http://"));
  EXPECT_THAT(recorder_.outcomes(), SizeIs(2));
}

TEST_F(QueueTest, ABatchThatIsTooLargeIsHalved) {
  std::vector<TransferJob> jobs;
  for (int i = 0; i < 7; ++i) jobs.push_back({serve("object " + std::to_string(i)), "f"});
  before_ = [](const RawRequest& request) -> std::optional<RawResponse> {
    const bool many = request.target.ends_with("/batch") &&
                      parse_json(request.body).value_or(Json{})["objects"].size() > 2;
    return many ? std::optional(json(413, Json::object())) : std::nullopt;
  };
  EXPECT_THAT(run(Operation::download, jobs), IsEmpty());
  EXPECT_THAT(requests("GET"), SizeIs(7));
}

TEST_F(QueueTest, ServerErrorsAndRateLimitsAreWaitedOut) {
  const ObjectId id = serve("content");
  std::atomic<int> calls = 0;
  before_ = [&](const RawRequest&) -> std::optional<RawResponse> {
    switch (calls++) {
      case 0:
        return RawResponse{503, {}, ""};  // the batch call
      case 1:
        return RawResponse{429, {{"Retry-After", "0"}}, ""};
      case 3:
        return RawResponse{500, {}, ""};  // the object; then a new batch call
      default:
        return std::nullopt;
    }
  };
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), IsEmpty());
  EXPECT_EQ(content_of(id), "content");
  EXPECT_THAT(requests("POST"), SizeIs(4));
}

TEST_F(QueueTest, AStorageThatLacksTheObjectIsNotAskedAgain) {
  const ObjectId id = serve("content");
  before_ = [](const RawRequest& request) -> std::optional<RawResponse> {
    return request.method == "GET" ? std::optional(RawResponse{404, {}, ""}) : std::nullopt;
  };
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), SizeIs(1));
  EXPECT_THAT(requests("GET"), SizeIs(1));
}

TEST_F(QueueTest, ARetryBeyondTheLimitIsRefused) {
  set("lfs.transfer.maxretrytime", "5");
  const ObjectId id = serve("content");
  before_ = [](const RawRequest& request) -> std::optional<RawResponse> {
    if (request.method != "GET") return std::nullopt;
    return RawResponse{429, {{"Retry-After", "6"}}, ""};
  };
  const auto errors = run(Operation::download, {{id, "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(), HasSubstr("Rate limit exceeded: http://"));
  EXPECT_THAT(requests("GET"), SizeIs(1));
}

TEST_F(QueueTest, RetriesEnd) {
  set("lfs.transfer.maxretries", "3");
  const ObjectId id = serve("content");
  before_ = [](const RawRequest& request) -> std::optional<RawResponse> {
    return request.method == "GET" ? std::optional(RawResponse{500, {}, ""}) : std::nullopt;
  };
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), SizeIs(1));
  EXPECT_THAT(requests("GET"), SizeIs(4));
}

TEST_F(QueueTest, AnExpiredActionIsAskedForAnew) {
  const ObjectId id = serve("content");
  std::atomic<int> calls = 0;
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (!request.target.ends_with("/batch") || calls++ > 0) return std::nullopt;
    Json expired = action("o", id.oid.hex());
    expired["expires_at"] = "2001-01-01T00:00:00Z";
    return json(
        200,
        {{"objects",
          {{{"oid", id.oid.hex()}, {"size", id.size}, {"actions", {{"download", expired}}}}}}});
  };
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), IsEmpty());
  EXPECT_THAT(requests("GET"), SizeIs(1));
}

TEST_F(QueueTest, ADownloadContinuesWhereAnEarlierOneBroke) {
  const ObjectId id = serve("0123456789");
  ASSERT_TRUE(make_folders(parent_path(store().partial_path(id.oid))).has_value());
  ASSERT_TRUE(write_file_atomically(store().partial_path(id.oid), "0123").has_value());
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), IsEmpty());
  EXPECT_EQ(requests("GET").at(0).header("Range"), "bytes=4-9");
  EXPECT_EQ(content_of(id), "0123456789");
  EXPECT_EQ(recorder_.bytes(id), 10);
}

TEST_F(QueueTest, APartOfSomethingElseIsThrownAway) {
  const ObjectId id = serve("0123456789");
  ASSERT_TRUE(make_folders(parent_path(store().partial_path(id.oid))).has_value());
  ASSERT_TRUE(write_file_atomically(store().partial_path(id.oid), "abcd").has_value());
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), IsEmpty());
  EXPECT_EQ(content_of(id), "0123456789");
  EXPECT_THAT(requests("GET"), SizeIs(2));
}

TEST_F(QueueTest, AServerThatKnowsNoRangesSendsAllOfIt) {
  const ObjectId id = serve("0123456789");
  for (const int status : {200, 416, 206}) {
    ASSERT_TRUE(make_folders(parent_path(store().partial_path(id.oid))).has_value());
    ASSERT_TRUE(write_file_atomically(store().partial_path(id.oid), "0123").has_value());
    before_ = [status](const RawRequest& request) -> std::optional<RawResponse> {
      if (request.header("Range").empty()) return std::nullopt;
      return RawResponse{status, {{"Content-Range", "bytes 2-9/10"}}, "0123456789"};
    };
    QueueOptions options;
    options.refetch = true;
    EXPECT_THAT(run(Operation::download, {{id, "a"}}, options), IsEmpty()) << status;
    EXPECT_EQ(content_of(id), "0123456789") << status;
  }
}

TEST_F(QueueTest, ManyObjectsComeInBatches) {
  set("lfs.transfer.batchsize", "10");
  std::vector<TransferJob> jobs;
  for (int i = 0; i < 95; ++i) jobs.push_back({serve("object " + std::to_string(i)), "f"});
  EXPECT_THAT(run(Operation::download, jobs), IsEmpty());
  EXPECT_THAT(requests("POST"), SizeIs(10));
  EXPECT_THAT(requests("GET"), SizeIs(95));
  EXPECT_THAT(recorder_.outcomes(), SizeIs(95));
}

TEST_F(QueueTest, ADryRunAsksAndMovesNothing) {
  const ObjectId id = serve("content");
  QueueOptions options;
  options.dry_run = true;
  options.ref = "refs/heads/main";
  EXPECT_THAT(run(Operation::download, {{id, "a"}}, options), IsEmpty());
  EXPECT_THAT(requests("GET"), IsEmpty());
  EXPECT_THAT(requests("POST").at(0).body, HasSubstr(R"("ref":{"name":"refs/heads/main"})"));
  ASSERT_THAT(recorder_.outcomes(), SizeIs(1));
  EXPECT_EQ(json_string(recorder_.outcomes()[0].batch_object, "oid"), id.oid.hex());
}

TEST_F(QueueTest, RedirectsOfStorageAreFollowedWithoutTheFirstHostsSecrets) {
  const ObjectId id = serve("content");
  const auto other = RawServer::answering([&](const RawRequest& request) {
    EXPECT_EQ(request.header("X-Secret"), "");
    return RawResponse{200, {}, "content"};
  });
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (request.method == "GET") {
      return RawResponse{302, {{"Location", other->url("/elsewhere")}}, ""};
    }
    Json download = action("o", id.oid.hex());
    download["header"]["X-Secret"] = "s";
    return json(
        200,
        {{"objects",
          {{{"oid", id.oid.hex()}, {"size", id.size}, {"actions", {{"download", download}}}}}}});
  };
  EXPECT_THAT(run(Operation::download, {{id, "a"}}), IsEmpty());
  EXPECT_EQ(requests("GET").at(0).header("X-Secret"), "s");
  EXPECT_EQ(content_of(id), "content");
}

class FakeExchange final : public ObjectExchange {
 public:
  std::optional<std::string> find(const ObjectId& id) override {
    const auto found = files.find(id.oid);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
  void offer(const ObjectId& id, const std::string& path) override { offered[id.oid] = path; }
  std::map<Oid, std::string> files, offered;
};

TEST_F(QueueTest, TheSharedCacheIsTriedFirstAndToldOfWhatCame) {
  FakeExchange exchange;
  const ObjectId cached = id_of("cached");
  exchange.files[cached.oid] = sandbox_.write("cached", "cached");
  const ObjectId fetched = serve("fetched");
  environment({&exchange, false});
  EXPECT_THAT(run(Operation::download, {{cached, "a"}, {fetched, "b"}}), IsEmpty());
  EXPECT_EQ(content_of(cached), "cached");
  EXPECT_THAT(requests("GET"), SizeIs(1));
  EXPECT_EQ(exchange.offered[fetched.oid], store().object_path(fetched.oid));
}

TEST_F(QueueTest, AQueueThatIsDroppedEndsWhatIsUnderWay) {
  const ObjectId id = serve("content");
  std::atomic<bool> asked = false;
  server_ = nullptr;
  server_ = std::make_unique<RawServer>([&](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    asked = true;
    asked.notify_all();
    connection.wait_for_close();
  });
  set("lfs.url", server_->url("/r"));
  QueueOptions options;
  options.remote = "origin";
  {
    TransferQueue queue(environment(), options, nullptr);
    queue.add({id, "a"});
    queue.flush();
    asked.wait(false);
  }
  EXPECT_EQ(content_of(id), "(absent)");
}

}  // namespace
}  // namespace lazylfs::lfs
