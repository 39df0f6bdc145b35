#include "lfs/api/endpoint.h"

#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"

namespace lazylfs::lfs {
namespace {

struct Case {
  const char* remote_url;
  const char* url;
  const char* user_and_host;  // empty: not over ssh
  const char* path;
  int port;
};

class EndpointTableTest : public testing::TestWithParam<Case> {};

TEST_P(EndpointTableTest, TheCloneUrlNamesTheServer) {
  const Case& row = GetParam();
  const Config config(std::vector<ConfigEntry>{{"remote.origin.url", row.remote_url}});
  const Result<Endpoint> endpoint = find_endpoint(config, "origin", Operation::download, "");
  ASSERT_TRUE(endpoint.has_value()) << row.remote_url << ": " << endpoint.error().message();
  EXPECT_EQ(endpoint->url, row.url) << row.remote_url;
  EXPECT_EQ(endpoint->original_url, row.remote_url);
  ASSERT_EQ(endpoint->ssh.has_value(), *row.user_and_host != '\0') << row.remote_url;
  if (!endpoint->ssh) return;
  EXPECT_EQ(endpoint->ssh->user_and_host, row.user_and_host);
  EXPECT_EQ(endpoint->ssh->path, row.path);
  EXPECT_EQ(endpoint->ssh->port.value_or(0), row.port);
}

constexpr Case kCases[] = {
    {"https://h/a/b", "https://h/a/b.git/info/lfs", "", "", 0},
    {"https://h/a/b.git", "https://h/a/b.git/info/lfs", "", "", 0},
    {"https://h/a/b.git/", "https://h/a/b.git/info/lfs", "", "", 0},
    {"https://user:pw@h:8443/a/b", "https://user:pw@h:8443/a/b.git/info/lfs", "", "", 0},
    {"http://h/a", "http://h/a.git/info/lfs", "", "", 0},
    {"git://h/a", "https://h/a.git/info/lfs", "", "", 0},
    {"git@h:a/b.git", "https://h/a/b.git/info/lfs", "git@h", "a/b.git", 0},
    {"h:x/y", "https://h/x/y.git/info/lfs", "h", "x/y", 0},
    {"user@h:x", "https://h/x.git/info/lfs", "user@h", "x", 0},
    {"git@h:/abs/r.git", "https://h/abs/r.git/info/lfs", "git@h", "/abs/r.git", 0},
    {"ssh://git@h:2222/a/b.git", "https://h/a/b.git/info/lfs", "git@h", "/a/b.git", 2222},
    {"ssh://h/a", "https://h/a.git/info/lfs", "h", "/a", 0},
    {"git+ssh://git@h/a", "https://h/a.git/info/lfs", "git@h", "/a", 0},
    {"ssh+git://git@h/a", "https://h/a.git/info/lfs", "git@h", "/a", 0},
    {"[git@h:2222]:a/b", "https://h/a/b.git/info/lfs", "git@h", "a/b", 2222},
    {"ssh://git@[::1]:2222/a", "https://[::1]/a.git/info/lfs", "git@::1", "/a", 2222},
    {"ssh://git@[fe80::1]/a", "https://[fe80::1]/a.git/info/lfs", "git@fe80::1", "/a", 0},
    {"git@[::1]:a/b", "https://[::1]/a/b.git/info/lfs", "git@::1", "a/b", 0},
    {"file:///srv/r.git", "file:///srv/r.git", "", "", 0},
    {"/nonexistent/r.git", "file:///nonexistent/r.git", "", "", 0},
    {"x::y", "x::y.git/info/lfs", "", "", 0},
};
INSTANTIATE_TEST_SUITE_P(Forms, EndpointTableTest, testing::ValuesIn(kCases));

std::string url_of(std::vector<ConfigEntry> entries, const char* remote = "origin",
                   Operation operation = Operation::download, const std::string& folder = "") {
  const Result<Endpoint> endpoint =
      find_endpoint(Config(std::move(entries)), remote, operation, folder);
  return endpoint ? endpoint->url : std::string(errc_name(endpoint.error().code()));
}

TEST(EndpointTest, TheMoreSpecificSettingWins) {
  std::vector<ConfigEntry> entries = {{"remote.origin.url", "https://clone/r"}};
  EXPECT_EQ(url_of(entries), "https://clone/r.git/info/lfs");
  entries.push_back({"remote.origin.lfsurl", "https://remote-lfs/r/"});
  EXPECT_EQ(url_of(entries), "https://remote-lfs/r");
  entries.push_back({"lfs.url", "https://lfs/r"});
  EXPECT_EQ(url_of(entries), "https://lfs/r");
  EXPECT_EQ(url_of(entries, "origin", Operation::upload), "https://lfs/r");
  entries.push_back({"lfs.pushurl", "https://push/r"});
  EXPECT_EQ(url_of(entries), "https://lfs/r");
  EXPECT_EQ(url_of(entries, "origin", Operation::upload), "https://push/r");
}

TEST(EndpointTest, AnUploadPrefersThePushUrls) {
  std::vector<ConfigEntry> entries = {{"remote.origin.url", "https://clone/r"},
                                      {"remote.origin.pushurl", "https://push/r"}};
  EXPECT_EQ(url_of(entries, "origin", Operation::upload), "https://push/r.git/info/lfs");
  entries.push_back({"remote.origin.lfspushurl", "https://lfspush/r"});
  EXPECT_EQ(url_of(entries, "origin", Operation::upload), "https://lfspush/r");
  EXPECT_EQ(url_of(entries), "https://clone/r.git/info/lfs");
}

TEST(EndpointTest, GitFetchesFromTheFirstOfSeveralUrls) {
  EXPECT_EQ(
      url_of({{"remote.origin.url", "https://one/r"}, {"remote.origin.url", "https://two/r"}}),
      "https://one/r.git/info/lfs");
}

TEST(EndpointTest, InsteadOfIsAppliedFirst) {
  const std::vector<ConfigEntry> entries = {{"remote.origin.url", "gh:me/r"},
                                            {"url.https://github.test/.insteadof", "gh:"}};
  EXPECT_EQ(url_of(entries), "https://github.test/me/r.git/info/lfs");
}

TEST(EndpointTest, AnUnknownRemoteFallsBackToOrigin) {
  EXPECT_EQ(url_of({{"remote.origin.url", "https://h/r"}}, "upstream"), "https://h/r.git/info/lfs");
}

TEST(EndpointTest, TheRemoteMayBeAnAddress) {
  EXPECT_EQ(url_of({{"remote.origin.url", "https://h/r"}}, "https://other/x"),
            "https://other/x.git/info/lfs");
  EXPECT_EQ(url_of({}, "/nonexistent/x"), "file:///nonexistent/x");
}

TEST(EndpointTest, AnSshLfsUrlIsGuessedLikeACloneUrl) {
  const Config config(std::vector<ConfigEntry>{{"lfs.url", "ssh://git@h/r"}});
  const Result<Endpoint> endpoint = find_endpoint(config, "origin", Operation::download, "");
  ASSERT_TRUE(endpoint.has_value());
  EXPECT_EQ(endpoint->url, "https://h/r.git/info/lfs");
  EXPECT_TRUE(endpoint->ssh.has_value());
}

TEST(EndpointTest, FetchHeadIsTheLastResort) {
  const std::string folder = testing::TempDir() + "fetch_head_" + std::to_string(::getpid());
  ASSERT_TRUE(make_folders(folder).has_value());
  const std::string commit(40, 'a');
  ASSERT_TRUE(write_file_atomically(folder + "/FETCH_HEAD",
                                    commit + "\t\tbranch 'main' of https://h/fetched\n")
                  .has_value());
  EXPECT_EQ(url_of({}, "origin", Operation::download, folder), "https://h/fetched.git/info/lfs");
  ASSERT_TRUE(write_file_atomically(folder + "/FETCH_HEAD", "junk\n").has_value());
  EXPECT_EQ(url_of({}, "origin", Operation::download, folder), "not_found");
  std::filesystem::remove_all(folder);
}

TEST(EndpointTest, APathPointsAtTheRepositoryInside) {
  const std::string folder = testing::TempDir() + "clone_" + std::to_string(::getpid());
  ASSERT_TRUE(make_folders(folder + "/.git").has_value());
  EXPECT_EQ(url_of({{"remote.origin.url", folder}}), "file://" + folder + "/.git");
  std::filesystem::remove_all(folder);
}

TEST(EndpointTest, NothingConfiguredIsAdviceNotAGuess) {
  EXPECT_EQ(url_of({}), "not_found");
  EXPECT_EQ(url_of({{"remote.origin.url", "nonsense"}}), "invalid");
  EXPECT_EQ(url_of({{"remote.origin.url", "ssh://h"}}), "invalid");
}

TEST(DefaultRemoteTest, TheBranchThenTheDefaultThenTheOnlyRemote) {
  EXPECT_EQ(default_remote(Config(std::vector<ConfigEntry>{{"remote.one.url", "x"}}), "main"),
            "one");
  EXPECT_EQ(
      default_remote(
          Config(std::vector<ConfigEntry>{{"remote.a.url", "x"}, {"remote.b.c.url", "y"}}), ""),
      "origin");
  const Config config(
      {{"branch.main.remote", "up"}, {"remote.lfsdefault", "lfs"}, {"remote.one.url", "x"}});
  EXPECT_EQ(default_remote(config, "main"), "up");
  EXPECT_EQ(default_remote(config, "topic"), "lfs");
}

}  // namespace
}  // namespace lazylfs::lfs
