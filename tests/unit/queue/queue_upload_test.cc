#include <atomic>

#include "tests/unit/queue/fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using QueueUploadTest = QueueTest;

TEST_F(QueueUploadTest, WhatTheServerLacksIsSentAndTheRestIsNot) {
  const ObjectId wanted = put_locally("wanted");
  const ObjectId known = put_locally("known");
  serve("known");
  EXPECT_THAT(run(Operation::upload, {{wanted, "w"}, {known, "k"}}), IsEmpty());
  EXPECT_EQ((*objects_.lock())[wanted.oid.hex()], "wanted");
  ASSERT_THAT(requests("PUT"), SizeIs(1));
  EXPECT_EQ(requests("PUT")[0].header("Content-Length"), "6");
  EXPECT_EQ(requests("PUT")[0].header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_THAT(recorder_.skipped_names(), testing::ElementsAre("k"));
  EXPECT_TRUE(recorder_.of(wanted)->moved);
  EXPECT_FALSE(recorder_.of(known)->moved);
  EXPECT_EQ(recorder_.bytes(wanted), 6);
}

TEST_F(QueueUploadTest, ALargeObjectIsStreamedFromItsFile) {
  const std::string content(3U << 20U, '\x01');
  const ObjectId id = put_locally(content);
  EXPECT_THAT(run(Operation::upload, {{id, "big"}}), IsEmpty());
  EXPECT_TRUE((*objects_.lock())[id.oid.hex()] == content);
  EXPECT_EQ(requests("PUT").at(0).header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(requests("PUT").at(0).header("Expect"), "");
  EXPECT_EQ(recorder_.bytes(id), static_cast<std::int64_t>(content.size()));
}

TEST_F(QueueUploadTest, SniffingCanBeSwitchedOff) {
  set("lfs.contenttype", "false");
  const ObjectId id = put_locally("text");
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  EXPECT_EQ(requests("PUT").at(0).header("Content-Type"), "application/octet-stream");
}

TEST_F(QueueUploadTest, AnUploadIsVerifiedWhenTheServerWishes) {
  verifies_ = true;
  const ObjectId id = put_locally("content");
  std::atomic<int> refusals = 2;
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (!request.target.starts_with("/verify/") || refusals-- <= 0) return std::nullopt;
    return RawResponse{500, {}, ""};
  };
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  ASSERT_THAT(requests("POST /verify/"), SizeIs(3));
  EXPECT_EQ(requests("POST /verify/")[0].body, R"({"oid":")" + id.oid.hex() + R"(","size":7})");
}

struct VerifyLimit {
  const char* setting;
  std::size_t attempts;
};
class VerifyLimitTest : public QueueUploadTest, public testing::WithParamInterface<VerifyLimit> {};

TEST_P(VerifyLimitTest, AnUploadThatCannotBeVerifiedFails) {
  set("lfs.transfer.maxverifies", GetParam().setting);
  verifies_ = true;
  const ObjectId id = put_locally("content");
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (!request.target.starts_with("/verify/")) return std::nullopt;
    return RawResponse{404, {}, ""};
  };
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), SizeIs(1));
  EXPECT_THAT(requests("POST /verify/"), SizeIs(GetParam().attempts));
}

INSTANTIATE_TEST_SUITE_P(Settings, VerifyLimitTest,
                         testing::Values(VerifyLimit{"1", 1}, VerifyLimit{"5", 5},
                                         VerifyLimit{"0", 3}, VerifyLimit{"many", 3}));

TEST_F(QueueUploadTest, AMissingObjectEndsThePushUnlessThatIsAllowed) {
  set("lfs.concurrenttransfers", "1");
  const ObjectId missing = id_of("a long missing object");
  const ObjectId here = put_locally("here");
  EXPECT_THAT(run(Operation::upload, {{missing, "m"}, {here, "h"}}), IsEmpty())
      << "the caller lists what is missing";
  EXPECT_EQ(recorder_.of(missing)->fault, LocalFault::missing);
  EXPECT_EQ(recorder_.of(here)->result.error().code(), Errc::cancelled);
  EXPECT_THAT(requests("PUT"), IsEmpty());
}

TEST_F(QueueUploadTest, AnIncompletePushSendsWhatIsThere) {
  set("lfs.allowincompletepush", "true");
  const ObjectId missing = id_of("a long missing object");
  const ObjectId corrupt = put_locally("something corrupt");
  ASSERT_TRUE(write_file_atomically(store().object_path(corrupt.oid), "short").has_value());
  const ObjectId here = put_locally("here");
  EXPECT_THAT(run(Operation::upload, {{missing, "m"}, {corrupt, "c"}, {here, "h"}}), IsEmpty());
  EXPECT_EQ(recorder_.of(missing)->fault, LocalFault::missing);
  EXPECT_EQ(recorder_.of(corrupt)->fault, LocalFault::corrupt);
  EXPECT_TRUE(recorder_.of(here)->moved);
}

TEST_F(QueueUploadTest, AMissingObjectThatTheServerHasIsFine) {
  const ObjectId id = serve("elsewhere");
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  EXPECT_EQ(recorder_.of(id)->fault, LocalFault::none);
}

TEST_F(QueueUploadTest, TheActionsHeadersAreSentAndChunksOnDemand) {
  const ObjectId id = put_locally("chunked content");
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (!request.target.ends_with("/batch")) return std::nullopt;
    Json upload = action("o", id.oid.hex());
    upload["header"] = {{"Transfer-Encoding", "chunked"}, {"Content-Type", "x/y"}};
    return json(
        200, {{"objects",
               {{{"oid", id.oid.hex()}, {"size", id.size}, {"actions", {{"upload", upload}}}}}}});
  };
  (void)run(Operation::upload, {{id, "a"}});
  ASSERT_THAT(requests("PUT"), testing::Not(IsEmpty()));
  EXPECT_EQ(requests("PUT")[0].header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(requests("PUT")[0].header("Content-Length"), "");
  EXPECT_EQ(requests("PUT")[0].header("Content-Type"), "x/y");
}

TEST_F(QueueUploadTest, StorageThatWantsCredentialsGetsThem) {
  set("lfs.concurrenttransfers", "1");
  const std::string helper = sandbox_.script("helper",
                                             "cat >/dev/null\n[ $1 = get ] && printf "
                                             "'username=me\\npassword=pw\\n'\nexit 0\n");
  set("credential.helper", helper);
  const ObjectId id = put_locally("content");
  before_ = [](const RawRequest& request) -> std::optional<RawResponse> {
    if (request.method != "PUT" || !request.header("Authorization").empty()) return std::nullopt;
    return RawResponse{401, {{"WWW-Authenticate", "Basic realm=\"s\""}}, ""};
  };
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  EXPECT_EQ((*objects_.lock())[id.oid.hex()], "content");
}

TEST_F(QueueUploadTest, UnsupportedMediaTypesAreNotTriedAgain) {
  const ObjectId id = put_locally("content");
  before_ = [](const RawRequest& request) -> std::optional<RawResponse> {
    return request.method == "PUT" ? std::optional(RawResponse{422, {}, ""}) : std::nullopt;
  };
  const auto errors = run(Operation::upload, {{id, "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(), HasSubstr("unsupported Content-Type"));
  EXPECT_THAT(requests("PUT"), SizeIs(1));
}

}  // namespace
}  // namespace lazylfs::lfs
