#include "lfs/queue/agent_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;

Result<AgentReply> parse(const std::string& members) {
  const std::string hex(64, 'a');
  return parse_agent_reply(R"({"oid":")" + hex + R"(",)" + members + "}", *Oid::parse(hex), "mine");
}

TEST(AgentReplyTest, ProgressCountsBytes) {
  const auto reply = parse(R"("event":"progress","bytesSoFar":9,"bytesSinceLast":4)");
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->complete);
  EXPECT_EQ(reply->new_bytes, 4);
}

TEST(AgentReplyTest, ProgressNeverGoesBack) {
  EXPECT_EQ(parse(R"("event":"progress","bytesSinceLast":-4)")->new_bytes, 0);
  EXPECT_EQ(parse(R"("event":"progress","bytesSinceLast":"4")")->new_bytes, 0);
}

TEST(AgentReplyTest, CompletionHasAPathOrAnError) {
  const auto done = parse(R"("event":"complete","path":"/tmp/x")");
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->complete);
  EXPECT_EQ(done->path, "/tmp/x");
  EXPECT_FALSE(done->error);
  const auto failed = parse(R"("event":"complete","error":{"code":3,"message":"no"})");
  ASSERT_TRUE(failed && failed->error);
  EXPECT_THAT(std::string(failed->error->message()), HasSubstr("[3] no"));
}

TEST(AgentReplyTest, WhatIsOutOfOrderIsCorrupt) {
  EXPECT_EQ(parse(R"("event":"surprise")").error().code(), Errc::corrupt);
  EXPECT_EQ(parse(R"("event":7)").error().code(), Errc::corrupt);
  const Oid other = *Oid::parse(std::string(64, 'b'));
  const std::string about_another = R"({"oid":"x","event":"complete"})";
  EXPECT_EQ(parse_agent_reply(about_another, other, "mine").error().code(), Errc::corrupt);
  EXPECT_FALSE(parse_agent_reply("no JSON", other, "mine"));
  EXPECT_FALSE(parse_agent_reply("[]", other, "mine"));
}

}  // namespace
}  // namespace lazylfs::lfs
