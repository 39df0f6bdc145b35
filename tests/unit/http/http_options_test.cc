#include "lfs/http/http_options.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/http/dump.h"
#include "lfs/http/proxy.h"

namespace lazylfs::lfs {
namespace {

std::shared_ptr<const HttpOptions> options_with(std::vector<ConfigEntry> entries,
                                                const char* url = "https://h.test/a/b") {
  return http_options_for(Config(std::move(entries)), *Url::parse(url));
}

// Sets variables for one test.
class Environment {
 public:
  Environment(std::initializer_list<std::pair<const char*, const char*>> values) {
    for (const auto& [name, value] : values) {
      names_.push_back(name);
      ::setenv(name, value, 1);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const char* name : names_) ::unsetenv(name);
  }

 private:
  std::vector<const char*> names_;
};

TEST(HttpOptionsTest, TheBetterMatchingUrlWins) {
  const auto options = options_with({{"http.sslverify", "true"},
                                     {"http.https://h.test/.sslverify", "false"},
                                     {"http.https://other.test/.proxy", "http://p:1"},
                                     {"http.version", "HTTP/1.1"}});
  EXPECT_FALSE(options->verify_tls);
  EXPECT_EQ(options->proxy, "");
  EXPECT_EQ(options->http_version, "HTTP/1.1");
}

TEST(HttpOptionsTest, ExtraHeadersAddUpAndAnEmptyOneResets) {
  const auto options = options_with({{"http.extraheader", "X-Old: 1"},
                                     {"http.extraheader", ""},
                                     {"http.extraheader", "X-A: b: c"},
                                     {"http.extraheader", "X-D:e"}});
  ASSERT_EQ(options->extra_headers.size(), 2U);
  EXPECT_EQ(options->extra_headers[0].name, "X-A");
  EXPECT_EQ(options->extra_headers[0].value, "b: c");
  EXPECT_EQ(options->extra_headers[1].value, "e");
}

TEST(HttpOptionsTest, TimeoutsBelowOneAreTheDefaultOrOff) {
  EXPECT_EQ(options_with({})->stall_timeout, std::chrono::seconds(30));
  EXPECT_EQ(options_with({{"lfs.activitytimeout", "5"}})->stall_timeout, std::chrono::seconds(5));
  EXPECT_GE(options_with({{"lfs.activitytimeout", "0"}})->stall_timeout, std::chrono::hours(24));
  EXPECT_EQ(options_with({{"lfs.dialtimeout", "0"}})->connect_timeout, std::chrono::seconds(60));
  EXPECT_EQ(options_with({{"lfs.dialtimeout", "2"}, {"lfs.tlstimeout", "3"}})->connect_timeout,
            std::chrono::seconds(5));
}

TEST(HttpOptionsTest, TheEnvironmentOverridesTlsSettings) {
  const Environment environment({{"GIT_SSL_NO_VERIFY", "1"}, {"GIT_SSL_CAINFO", "/env.pem"}});
  const auto options = options_with({{"http.sslcainfo", "/config.pem"}, {"http.sslcapath", "/d"}});
  EXPECT_FALSE(options->verify_tls);
  EXPECT_EQ(options->ca_file, "/env.pem");
  EXPECT_EQ(options->ca_folder, "");
}

TEST(HttpOptionsTest, AnEmptyProxySettingMeansNoProxy) {
  const Environment environment({{"HTTPS_PROXY", "http://env:1"}});
  EXPECT_EQ(choose_proxy(*options_with({{"http.proxy", ""}}), "https://h/").url, "");
  EXPECT_EQ(choose_proxy(*options_with({}), "https://h/").url, "http://env:1");
  EXPECT_EQ(choose_proxy(*options_with({{"http.proxy", "http://c:2"}}), "https://h/").url,
            "http://c:2");
}

TEST(ProxyTest, HttpsFallsBackToTheHttpProxyButNotTheOtherWay) {
  {
    const Environment environment({{"http_proxy", "http://plain:1"}});
    EXPECT_EQ(choose_proxy({}, "https://h/").url, "http://plain:1");
    EXPECT_EQ(choose_proxy({}, "http://h/").url, "http://plain:1");
  }
  const Environment environment({{"https_proxy", "http://tls:1"}, {"NO_PROXY", "x,.y"}});
  EXPECT_EQ(choose_proxy({}, "http://h/").url, "");
  EXPECT_EQ(choose_proxy({}, "https://h/").url, "http://tls:1");
  EXPECT_EQ(choose_proxy({}, "https://h/").exceptions, "x,.y");
}

TEST(DumpTest, LinesAreCanonicalAndHoldNoSecrets) {
  EXPECT_EQ(presentable_line("content-type: text/plain"), "Content-Type: text/plain");
  EXPECT_EQ(presentable_line("authorization: Basic c2VjcmV0"), "Authorization: Basic * * * * *");
  EXPECT_EQ(presentable_line("GET /a?sig=secret HTTP/1.1"), "GET /a?… HTTP/1.1");
  EXPECT_EQ(presentable_line("HTTP/1.1 200 OK"), "HTTP/1.1 200 OK");
  EXPECT_EQ(presentable_line("location: https://h/x?sig=secret"), "Location: https://h/x?…");
}

}  // namespace
}  // namespace lazylfs::lfs
