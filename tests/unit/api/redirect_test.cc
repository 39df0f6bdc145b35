#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/api/client.h"

namespace lazylfs::lfs {
namespace {

HttpRequest request_to(const std::string& url) {
  HttpOptions options;
  options.extra_headers = {{"X-Api-Key", "secret"}};
  options.negotiate = true;
  options.client_cert = "/c.pem";
  HttpRequest request;
  request.method = "POST";
  request.body = "{}";
  request.url = url;
  request.headers = {{"Authorization", "Basic x"},
                     {"Accept", "a"},
                     {"Content-Type", "c"},
                     {"X-Token", "secret"},
                     {"Cookie", "secret"}};
  request.options = std::make_shared<const HttpOptions>(options);
  return request;
}

Result<HttpRequest> follow(const std::string& from, const std::string& location) {
  HttpHead head;
  head.status = 302;
  head.headers = {{"Location", location}};
  return ApiClient::follow_redirect(request_to(from), head);
}

TEST(RedirectTest, LocationsAreResolved) {
  const struct {
    const char *from, *location, *to;
  } kCases[] = {
      {"https://h/a/b?q", "https://o/x?y", "https://o/x?y"},
      {"https://h/a/b?q", "/x", "https://h/x"},
      {"https://h/a/b?q", "x?z", "https://h/a/x?z"},
      {"https://h/a/b", "../x", "https://h/x"},
      {"https://h/a/b", "../../../x", "https://h/x"},
      {"https://h/a/b", "./", "https://h/a/"},
      {"https://h/a/b", "?z", "https://h/a/b?z"},
      {"https://h/a/b", "//o:8443/x", "https://o:8443/x"},
      {"https://h/a/b", "https://u:p@o/x#frag", "https://o/x"},
      {"http://h/a", "https://h/a", "https://h/a"},
  };
  for (const auto& row : kCases) {
    const Result<HttpRequest> next = follow(row.from, row.location);
    ASSERT_TRUE(next.has_value()) << row.location << next.error().message();
    EXPECT_EQ(next->url, row.to) << row.location;
    EXPECT_EQ(next->method, "POST");
    EXPECT_EQ(next->body, "{}");
  }
}

TEST(RedirectTest, TheSameOriginKeepsEveryHeader) {
  const Result<HttpRequest> next = follow("https://h/a", "https://h:443/b");
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->headers.size(), 5U);
  EXPECT_TRUE(next->options->negotiate);
}

TEST(RedirectTest, AnotherOriginGetsNoSecret) {
  for (const char* location : {"https://o/b", "https://h:444/b", "//sub.h/b"}) {
    const Result<HttpRequest> next = follow("https://h/a", location);
    ASSERT_TRUE(next.has_value());
    ASSERT_EQ(next->headers.size(), 2U) << location;
    EXPECT_EQ(next->headers[0].name, "Accept");
    EXPECT_EQ(next->headers[1].name, "Content-Type");
    EXPECT_TRUE(next->options->extra_headers.empty());
    EXPECT_FALSE(next->options->negotiate);
    EXPECT_EQ(next->options->client_cert, "");
  }
}

TEST(RedirectTest, ADowngradeIsDeniedAndOtherSchemesAreInvalid) {
  EXPECT_EQ(follow("https://h/a", "http://h/a").error().code(), Errc::denied);
  for (const char* location : {"file:///etc/passwd", "javascript:x", "", "https://", "ftp://h/x"}) {
    const Result<HttpRequest> next = follow("https://h/a", location);
    ASSERT_FALSE(next.has_value()) << location;
    EXPECT_EQ(next.error().code(), Errc::invalid) << location;
  }
}

std::optional<std::int64_t> retry_after(const std::string& value) {
  HttpHead head;
  head.headers = {{"retry-after", value}};
  return retry_after_seconds(head);
}

TEST(RetryAfterTest, SecondsAndDatesAreUnderstood) {
  EXPECT_EQ(retry_after_seconds({}), std::nullopt);
  EXPECT_EQ(retry_after("7"), 7);
  EXPECT_EQ(retry_after(" 0 "), 0);
  EXPECT_EQ(retry_after("-5"), 0);
  EXPECT_EQ(retry_after("soon"), std::nullopt);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
  EXPECT_GT(retry_after("Wed, 01 Jan 2098 00:00:00 GMT").value(), 0);
  EXPECT_EQ(retry_after("Sun, 06 Foo 1994 08:49:37 GMT"), std::nullopt);
}

TEST(BackoffTest, DelaysDoubleUpToTheCapAndVary) {
  using std::chrono::milliseconds;
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(backoff_delay(1, milliseconds(10000)), milliseconds(125));
    EXPECT_LE(backoff_delay(1, milliseconds(10000)), milliseconds(250));
    EXPECT_GE(backoff_delay(3, milliseconds(10000)), milliseconds(500));
    EXPECT_LE(backoff_delay(3, milliseconds(10000)), milliseconds(1000));
    EXPECT_LE(backoff_delay(1000, milliseconds(300)), milliseconds(300));
    EXPECT_EQ(backoff_delay(5, milliseconds(0)), milliseconds(0));
  }
}

}  // namespace
}  // namespace lazylfs::lfs
