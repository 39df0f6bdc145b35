#include "tests/server/http_message.h"

#include <gtest/gtest.h>

namespace lazylfs::server {
namespace {

TEST(RequestHead, GivesMethodPathQueryAndHeaders) {
  const auto request =
      parse_request_head("GET /a%20b?x=1&y=%2F HTTP/1.1\r\nHost: h\r\nRange:  bytes=0-1 ");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/a%20b?x=1&y=%2F");
  EXPECT_EQ(request->path, "/a b");
  EXPECT_EQ(request->parameter("y"), "/");
  EXPECT_EQ(request->parameter("z"), std::nullopt);
  EXPECT_EQ(request->header("RANGE"), "bytes=0-1");
  EXPECT_EQ(request->header("Cookie"), "");
}

TEST(RequestHead, RefusesWhatIsNotHttp) {
  for (const char* head :
       {"", "GET", "GET /", "GET / FTP/1.0", "GET x HTTP/1.1", "GET / HTTP/1.1\r\nno colon"}) {
    EXPECT_FALSE(parse_request_head(head).has_value()) << head;
  }
}

}  // namespace
}  // namespace lazylfs::server
