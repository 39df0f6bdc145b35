#include "lfs/base/url.h"

#include <gtest/gtest.h>

namespace lazylfs {
namespace {

TEST(Url, PartsAreTakenAsWritten) {
  const auto url = Url::parse("HTTPS://me:p%40ss@Example.COM:8443/a/b%20c?x=1&y=2#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "p%40ss");
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b%20c");
  EXPECT_EQ(url->query, "x=1&y=2");
  EXPECT_EQ(url->text(), "https://me:p%40ss@example.com:8443/a/b%20c?x=1&y=2");
  EXPECT_EQ(url->text_without_credentials(), "https://example.com:8443/a/b%20c?x=1&y=2");
}

TEST(Url, ShortAndOddForms) {
  EXPECT_EQ(Url::parse("http://h")->path, "");
  EXPECT_EQ(Url::parse("http://h?q")->query, "q");
  EXPECT_EQ(Url::parse("http://h?a/b")->path, "");
  EXPECT_EQ(Url::parse("http://a@b@h/")->host, "h");
  EXPECT_EQ(Url::parse("http://[::1]:80/")->host, "[::1]");
  EXPECT_EQ(Url::parse("http://[::1]:80/")->port, 80);
  EXPECT_EQ(Url::parse("http://[::1]/")->port, std::nullopt);
  EXPECT_EQ(Url::parse("http://h:/")->port, std::nullopt);
  EXPECT_EQ(Url::parse("file:///a/b")->path, "/a/b");
  for (const char* text : {"", "h/path", "git@h:path", "://h", "ht tp://h", "http://h:99999/",
                           "http://h:x/", "/a/b"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

TEST(Url, OriginsCompareEffectivePorts) {
  const auto same = [](const char* a, const char* b) {
    return Url::parse(a)->same_origin(*Url::parse(b));
  };
  EXPECT_TRUE(same("https://h/a", "https://H:443/b"));
  EXPECT_FALSE(same("https://h", "http://h"));
  EXPECT_FALSE(same("https://h", "https://h:444"));
  EXPECT_FALSE(same("https://h", "https://g.h"));
  EXPECT_EQ(Url::parse("ssh://h")->effective_port(), 22);
}

TEST(Url, PercentCodingRoundTrips) {
  EXPECT_EQ(percent_encode("a b/c?\xc3\xa4~"), "a%20b%2Fc%3F%C3%A4~");
  EXPECT_EQ(percent_decode("a%20b%2fc"), "a b/c");
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
  EXPECT_EQ(percent_decode("x%41"), "xA");
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(every)), every);
}

TEST(Url, SecretsAreNotShown) {
  EXPECT_EQ(redact_url("https://me:secret@h/p?X-Amz-Signature=secret"), "https://me@h/p?…");
  EXPECT_EQ(redact_url("https://h/p"), "https://h/p");
  EXPECT_EQ(redact_url("not a url?secret"), "not a url");
  for (const char* text : {"https://me:secret@h:bad/p", "http://x:secret@y:99999/",
                           "weird scheme://u:secret@h/", "u:secret@h:path"}) {
    EXPECT_EQ(redact_url(text).find("secret"), std::string::npos) << text;
  }
}

TEST(Url, SecretHeadersAreMasked) {
  EXPECT_EQ(redact_header("Authorization", "Basic abc"), "Authorization: Basic * * * * *");
  EXPECT_EQ(redact_header("authorization", "Bearer abc"), "authorization: * * * * *");
  EXPECT_EQ(redact_header("X-Auth-Token", "abc"), "X-Auth-Token: * * * * *");
  EXPECT_EQ(redact_header("Set-Cookie", "a=b"), "Set-Cookie: * * * * *");
  EXPECT_EQ(redact_header("X-Amz-Security-Token", "abc"), "X-Amz-Security-Token: * * * * *");
  EXPECT_EQ(redact_header("Content-Type", "text/plain"), "Content-Type: text/plain");
}

}  // namespace
}  // namespace lazylfs
