#include "lfs/locks/lock_api.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;

// Answers every call alike and remembers what was asked.
struct FakeServer {
  int status = 200;
  std::string reply;
  std::vector<std::string> asked;  // "POST /locks {...}"

  HttpLockApi api() {
    return HttpLockApi([this](const ApiCall& call) -> Result<ApiResponse> {
      asked.push_back(call.method + ' ' + call.path + (call.body.empty() ? "" : ' ' + call.body));
      ApiResponse response;
      response.head.status = status;
      response.body = reply;
      response.url = "http://host/info/lfs" + call.path;
      return response;
    });
  }
};

constexpr const char* kReply =
    R"({"lock":{"id":"7","path":"a b","locked_at":"2016-05-17T15:49:06+00:00","owner":{"name":"o"}}})";

TEST(LockApiTest, CreateSendsPathAndRefAndReadsTheLock) {
  FakeServer server{.status = 201, .reply = kReply, .asked = {}};
  const auto lock = server.api().create("a b", "refs/heads/main");
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_THAT(server.asked,
              ElementsAre(R"(POST /locks {"path":"a b","ref":{"name":"refs/heads/main"}})"));
  EXPECT_EQ(dump_json(lock_to_json(*lock)),
            R"({"id":"7","path":"a b","owner":{"name":"o"},"locked_at":"2016-05-17T15:49:06Z"})");
}

TEST(LockApiTest, AConflictIsToldInTheServersWords) {
  FakeServer server{.status = 409, .reply = R"({"message":"already created lock"})", .asked = {}};
  const auto lock = server.api().create("a", "");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message(), "already created lock");
}

TEST(LockApiTest, AMessageInASuccessIsAFailure) {
  FakeServer server{.status = 200, .reply = R"({"message":"busy"})", .asked = {}};
  const auto lock = server.api().create("a", "");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().message(), "server unable to create lock: busy");
}

TEST(LockApiTest, ForceIsSentAndAHostileIdStaysOnePathPart) {
  FakeServer server{.status = 200, .reply = kReply, .asked = {}};
  ASSERT_TRUE(server.api().remove("../x?", true, "r"));
  EXPECT_THAT(server.asked,
              ElementsAre(R"(POST /locks/..%2Fx%3F/unlock {"force":true,"ref":{"name":"r"}})"));
}

TEST(LockApiTest, ListEncodesItsQueryAndReadsTheNextCursor) {
  FakeServer server{.status = 200, .reply = R"({"locks":[],"next_cursor":"9"})", .asked = {}};
  const auto page = server.api().list(
      {.path = "a b", .id = "", .limit = 3, .ref = "refs/heads/main", .cursor = "8"});
  ASSERT_TRUE(page);
  EXPECT_THAT(server.asked, ElementsAre("GET /locks?cursor=8&limit=3&path=a+b&"
                                        "refspec=refs%2Fheads%2Fmain"));
  EXPECT_EQ(page->next_cursor, "9");
}

TEST(LockApiTest, AServerWithoutLocksIsUnsupportedAndAForbiddingOneDenied) {
  for (const auto& [status, code] :
       {std::pair{404, Errc::unsupported}, std::pair{501, Errc::unsupported},
        std::pair{403, Errc::denied}}) {
    FakeServer server{.status = status, .reply = R"({"message":"no"})", .asked = {}};
    const auto page =
        server.api().verify({.path = "", .id = "", .limit = 0, .ref = "", .cursor = ""});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), code);
    EXPECT_EQ(page.error().message(), "no");
  }
}

TEST(LockApiTest, ALockWithoutAnIdIsCorrupt) {
  FakeServer server{.status = 200, .reply = R"({"locks":[{"path":"x"}]})", .asked = {}};
  const auto page = server.api().list({.path = "", .id = "", .limit = 0, .ref = "", .cursor = ""});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Errc::corrupt);
}

}  // namespace
}  // namespace lazylfs::lfs
