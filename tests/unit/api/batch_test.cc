#include "lfs/api/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

constexpr std::int64_t kNow = 1000000;
const std::string kHexA(64, 'a');
const std::string kHexB(64, 'b');
const ObjectId kA = {*Oid::parse(kHexA), 3};
const ObjectId kB = {*Oid::parse(kHexB), 4};

// A reply about object A with `rest` in it.
std::string reply(const std::string& rest) {
  return R"({"objects":[{"oid":")" + kHexA + R"(","size":3,)" + rest + "}]}";
}

std::string download(const std::string& action) {
  return reply(R"("actions":{"download":)" + action + "}");
}

Result<Action> parse_one(const std::string& body) {
  const Result<std::vector<BatchObject>> objects = parse_batch_response(body, {kA}, kNow);
  if (!objects) return objects.error().with_context("whole reply");
  EXPECT_EQ(objects->size(), 1U);
  return objects->front().download;
}

TEST(BatchRequestTest, KeysComeInTheOrderThatScriptsKnow) {
  BatchRequest request;
  request.objects = {kA};
  request.transfers = {"basic"};
  EXPECT_EQ(encode_batch_request(request), R"({"operation":"download","objects":[{"oid":")" +
                                               kHexA + R"(","size":3}],"hash_algo":"sha256"})");
  request.transfers = {"tus", "basic"};
  request.ref = "refs/heads/main";
  EXPECT_THAT(encode_batch_request(request),
              testing::EndsWith(R"(],"transfers":["tus","basic"],"ref":{"name":"refs/heads/main"},)"
                                R"("hash_algo":"sha256"})"));
}

TEST(BatchResponseTest, AnActionHasAddressHeadersAndExpiry) {
  const Result<Action> action =
      parse_one(reply(R"("authenticated":true,"actions":{"download":{"href":"https://s/o?sig=1",)"
                      R"("header":{"Authorization":"Basic x","X-N":7},"expires_in":60,)"
                      R"("expires_at":"2001-01-01T00:00:00Z"}})"));
  ASSERT_TRUE(action.has_value()) << action.error().message();
  EXPECT_EQ(action->href, "https://s/o?sig=1");
  ASSERT_EQ(action->headers.size(), 1U);
  EXPECT_EQ(action->headers[0].value, "Basic x");
  EXPECT_EQ(action->expires_at, kNow + 60);
  EXPECT_TRUE(action->authenticated);
}

TEST(BatchResponseTest, ExpiresAtCountsWhenExpiresInIsAbsent) {
  EXPECT_EQ(parse_one(download(R"({"href":"http://s/","expires_at":"1970-01-12T13:46:40Z"})"))
                ->expires_at,
            1000000);
  EXPECT_EQ(parse_one(download(R"({"href":"http://s/","expires_at":"0001-01-01T00:00:00Z"})"))
                ->expires_at,
            std::nullopt);
  EXPECT_EQ(parse_one(download(R"({"href":"http://s/","expires_at":"soon"})"))->expires_at,
            std::nullopt);
  EXPECT_EQ(parse_one(download(R"({"href":"http://s/"})"))->expires_at, std::nullopt);
}

TEST(BatchResponseTest, ExpiryDoesNotOverflow) {
  EXPECT_GT(parse_one(download(R"({"href":"http://s/","expires_in":9223372036854775807})"))
                ->expires_at.value(),
            kNow);
  EXPECT_EQ(parse_one(download(R"({"href":"http://s/","expires_in":-9223372036854775808})"))
                ->expires_at.value(),
            0);
}

TEST(BatchResponseTest, LegacyLinksAreActions) {
  EXPECT_EQ(parse_one(reply(R"("_links":{"download":{"href":"https://s/o"}})"))->href,
            "https://s/o");
}

struct ErrorCase {
  int code;
  Errc errc;
};
TEST(BatchResponseTest, ObjectErrorsKeepTheirMeaning) {
  constexpr ErrorCase kErrors[] = {
      {401, Errc::denied},  {403, Errc::denied},    {404, Errc::not_found}, {410, Errc::not_found},
      {422, Errc::invalid}, {429, Errc::transient}, {500, Errc::transient}, {503, Errc::transient}};
  for (const ErrorCase& row : kErrors) {
    const Result<Action> action = parse_one(
        reply(R"("error":{"code":)" + std::to_string(row.code) + R"(,"message":"some\nreason"})"));
    ASSERT_FALSE(action.has_value());
    EXPECT_EQ(action.error().code(), row.errc) << row.code;
    EXPECT_EQ(action.error().message(), "[" + std::to_string(row.code) + "] some reason");
  }
}

TEST(BatchResponseTest, TheAnswerFollowsTheOrderOfTheQuestion) {
  const std::string body = R"({"objects":[{"oid":")" + kHexB +
                           R"(","actions":{"download":{"href":"http://s/b"}}},{"oid":")" +
                           std::string(64, 'c') +
                           R"(","actions":{"download":{"href":"http://s/c"}}}]})";
  const Result<std::vector<BatchObject>> objects = parse_batch_response(body, {kA, kB}, kNow);
  ASSERT_TRUE(objects.has_value());
  ASSERT_EQ(objects->size(), 2U);
  EXPECT_EQ(objects->at(0).download.error().code(), Errc::not_found);
  EXPECT_EQ(objects->at(1).download->href, "http://s/b");
  EXPECT_EQ(objects->at(1).id, kB);
}

TEST(BatchResponseTest, HostileActionsAreRefusedOneByOne) {
  const char* const kHostile[] = {R"({"href":"file:///etc/passwd"})",
                                  R"({"href":"ftp://h/x"})",
                                  R"({"href":"javascript:alert"})",
                                  R"({"href":""})",
                                  R"({"href":7})",
                                  R"({"href":"http:///no-host"})",
                                  R"({"href":"http://h/a\r\nX: 1"})",
                                  R"({"href":"http://h/a b"})",
                                  R"({"href":"http://h/\u0000"})",
                                  R"({"href":"http://h/","header":{"X":"a\r\nY: b"}})",
                                  R"({"href":"http://h/","header":{"X":"a\u0000"}})",
                                  R"({"href":"http://h/","header":{"X\r\nY":"a"}})",
                                  R"({"href":"http://h/","header":{"X:":"a"}})",
                                  R"({"href":"http://h/","header":{"":"a"}})"};
  for (const char* hostile : kHostile) {
    const Result<Action> action = parse_one(download(hostile));
    ASSERT_FALSE(action.has_value()) << hostile;
    EXPECT_EQ(action.error().code(), Errc::invalid) << hostile;
  }
}

TEST(BatchResponseTest, WhatIsNoBatchReplyIsCorrupt) {
  for (const char* body : {"", "<html>", "{}", "[]", "null", "7", R"({"objects":{}})",
                           R"({"objects":[)", R"({"objects":null})"}) {
    const auto objects = parse_batch_response(body, {kA}, kNow);
    ASSERT_FALSE(objects.has_value()) << body;
    EXPECT_EQ(objects.error().code(), Errc::corrupt) << body;
  }
  const std::string deep = R"({"objects":)" + std::string(100000, '[');
  EXPECT_EQ(parse_batch_response(deep, {kA}, kNow).error().code(), Errc::corrupt);
  const std::string huge(kBatchReplyBytesMax + 1, ' ');
  EXPECT_EQ(parse_batch_response(huge, {kA}, kNow).error().code(), Errc::corrupt);
}

TEST(BatchResponseTest, OddObjectsDoNotSpoilTheOthers) {
  const std::string body = R"({"objects":[7,null,[],{},{"oid":"xyz"},{"oid":")" + kHexA +
                           R"(","actions":{"download":{"href":"http://s/a"}}}]})";
  EXPECT_EQ(parse_one(body)->href, "http://s/a");
  EXPECT_EQ(parse_one(reply(R"("actions":{})")).error().code(), Errc::not_found);
  EXPECT_EQ(parse_one(reply(R"("actions":7)")).error().code(), Errc::not_found);
}

TEST(BatchResponseTest, AnotherHashIsUnsupported) {
  const auto objects = parse_batch_response(R"({"objects":[],"hash_algo":"sha512"})", {kA}, kNow);
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace lazylfs::lfs
