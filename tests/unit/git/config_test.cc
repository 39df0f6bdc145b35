#include "lfs/git/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/git/git_command.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;

Url url(std::string_view text) { return *Url::parse(text); }

TEST(Config, KeysIgnoreCaseButForTheMiddle) {
  const Config config({{"LFS.Url", "a"}, {"Remote.Origin.LfsUrl", "b"}});
  EXPECT_EQ(config.get("lfs.url"), "a");
  EXPECT_EQ(config.get("REMOTE.Origin.LFSURL"), "b");
  EXPECT_EQ(config.get("remote.origin.lfsurl"), std::nullopt);
}

TEST(Config, TheLastValueWinsAndAllAreListed) {
  const Config config({{"a.b", "1"}, {"a.c", "x"}, {"a.b", "2"}});
  EXPECT_EQ(config.get("a.b"), "2");
  EXPECT_THAT(config.get_all("a.b"), ElementsAre("1", "2"));
  EXPECT_TRUE(config.get_all("a.z").empty());
}

TEST(Config, BooleansAreGits) {
  const auto value = [](const char* text, bool fallback) {
    return Config({ConfigEntry{"x.y", text}}).get_bool("x.y", fallback);
  };
  for (const char* yes : {"true", "YES", "On", "1", "2", "-1", "1k"}) {
    EXPECT_TRUE(value(yes, false)) << yes;
  }
  for (const char* no : {"false", "No", "OFF", "0", "", "0x0"}) EXPECT_FALSE(value(no, true)) << no;
  for (const char* junk : {"maybe", "t", "1x", "yes please"}) {
    EXPECT_TRUE(value(junk, true)) << junk;
    EXPECT_FALSE(value(junk, false)) << junk;
  }
  EXPECT_TRUE(Config().get_bool("x.y", true));
}

TEST(Config, IntegersAreGits) {
  const auto value = [](const char* text) {
    return Config({ConfigEntry{"x.y", text}}).get_int("x.y", -7);
  };
  EXPECT_EQ(value("12"), 12);
  EXPECT_EQ(value("-3"), -3);
  EXPECT_EQ(value("2k"), 2048);
  EXPECT_EQ(value("3M"), 3 << 20);
  EXPECT_EQ(value("1g"), 1 << 30);
  EXPECT_EQ(value("0x10"), 16);
  for (const char* junk : {"", "x", "1kb", "1 k", "99999999999999999999", "9223372036854775807k"}) {
    EXPECT_EQ(value(junk), -7) << junk;
  }
}

struct UrlCase {
  const char *pattern, *url;
  bool matches;
};

TEST(Config, UrlsMatchAsInGit) {
  const std::vector<UrlCase> cases = {
      {"https://h.com", "https://h.com/a/b", true},
      {"https://h.com/", "https://h.com/a/b", true},
      {"https://H.com:443", "https://h.com/a", true},
      {"http://h.com", "https://h.com/a", false},
      {"https://h.com:8443", "https://h.com/a", false},
      {"https://h.com:8443", "https://h.com:8443/a", true},
      {"https://h.com/a", "https://h.com/a", true},
      {"https://h.com/a/", "https://h.com/a", true},
      {"https://h.com/a", "https://h.com/a/b", true},
      {"https://h.com/a", "https://h.com/ab", false},
      {"https://h.com/a/b", "https://h.com/a", false},
      {"https://h.com/repo", "https://h.com/repo.git/info/lfs", true},
      {"https://h.com/repo.git", "https://h.com/repo.git/info/lfs", true},
      {"https://h.com/repo", "https://h.com/repo.gitx/info/lfs", false},
      {"https://h.com/", "https://h.com.git/", false},
      {"https://*.com", "https://h.com/a", true},
      {"https://*.com", "https://x.h.com/a", false},
      {"https://*.*.com", "https://x.h.com/a", true},
      {"https://h.*", "https://h.com/a", true},
      {"https://joe@h.com", "https://joe@h.com/a", true},
      {"https://joe@h.com", "https://h.com/a", false},
      {"https://joe@h.com", "https://ann@h.com/a", false},
      {"https://h.com/a%20b", "https://h.com/a b/c", true},
      {"h.com", "https://h.com/a", false},
  };
  for (const UrlCase& c : cases) {
    const Config config({{std::string("http.") + c.pattern + ".proxy", "p"}});
    EXPECT_EQ(config.get_for_url("http", url(c.url), "proxy").has_value(), c.matches)
        << c.pattern << " against " << c.url;
  }
}

TEST(Config, TheBetterUrlWinsWhateverTheOrder) {
  std::vector<ConfigEntry> entries = {
      {"http.proxy", "plain"},
      {"http.https://*.com.proxy", "wild"},
      {"http.https://h.com.proxy", "host"},
      {"http.https://h.com/a.proxy", "path"},
      {"http.https://joe@h.com/a.proxy", "user"},
      {"http.https://*.com/a/b/c.proxy", "wild with a long path"},
  };
  for (int turn = 0; turn < 2; ++turn) {
    const Config config(entries);
    EXPECT_EQ(config.get_for_url("HTTP", url("https://joe@h.com/a/b/c"), "Proxy"), "user");
    EXPECT_EQ(config.get_for_url("http", url("https://h.com/a/b/c"), "proxy"), "path");
    EXPECT_EQ(config.get_for_url("http", url("https://h.com/z"), "proxy"), "host");
    EXPECT_EQ(config.get_for_url("http", url("https://z.com/z"), "proxy"), "wild");
    EXPECT_EQ(config.get_for_url("http", url("https://z.org/z"), "proxy"), "plain");
    std::reverse(entries.begin(), entries.end());
  }
}

TEST(Config, AllValuesOfTheBestUrlAreListed) {
  const Config config({{"http.extraheader", "A: 0"},
                       {"http.https://h.com.extraHeader", "A: 1"},
                       {"http.https://h.com.extraHeader", "B: 2"}});
  EXPECT_THAT(config.get_all_for_url("http", url("https://h.com/x"), "extraheader"),
              ElementsAre("A: 1", "B: 2"));
  EXPECT_THAT(config.get_all_for_url("http", url("https://g.com/x"), "extraheader"),
              ElementsAre("A: 0"));
}

TEST(Config, TheLongestInsteadOfWins) {
  const Config config({{"url.https://mirror/.insteadOf", "https://h.com/"},
                       {"url.https://special/.insteadOf", "https://h.com/org/"},
                       {"url.git@h.com:.pushInsteadOf", "https://h.com/"},
                       {"url.https://e.com/.insteadOf", "e:"}});
  EXPECT_EQ(config.rewrite_url("https://h.com/x", false), "https://mirror/x");
  EXPECT_EQ(config.rewrite_url("https://h.com/org/x", false), "https://special/x");
  EXPECT_EQ(config.rewrite_url("https://h.com/org/x", true), "git@h.com:org/x");
  EXPECT_EQ(config.rewrite_url("e:x", true), "https://e.com/x");
  EXPECT_EQ(config.rewrite_url("https://other/x", false), "https://other/x");
}

TEST(ConfigList, LineBreaksAndMissingValuesSurvive) {
  const std::string listing("a.b\none\ntwo\0a.flag\0a.empty\n\0", 28);
  const Config config(parse_config_list(listing));
  EXPECT_EQ(config.get("a.b"), "one\ntwo");
  EXPECT_TRUE(config.get_bool("a.flag", false));
  EXPECT_EQ(config.get("a.empty"), "");
  EXPECT_FALSE(config.get_bool("a.empty", true));
}

TEST(LfsConfig, OnlySafeKeysAreTaken) {
  const std::string text =
      "[lfs]\n url = https://h/lfs\n concurrenttransfers = 9\n fetchinclude = a\n"
      "[lfs \"https://h/lfs\"]\n access = basic\n locksverify = true\n"
      "[remote \"origin\"]\n lfsurl = x\n url = evil\n"
      "[remote \"a.b\"]\n lfsurl = y\n uploadpack = evil\n proxy = evil\n"
      "[remote]\n lfsdefault = evil\n"
      "[lfs \"extension.foo\"]\n clean = evil\n priority = 1\n"
      "[core]\n sshCommand = evil\n"
      "[lfs \"customtransfer.x\"]\n path = evil\n";
  std::vector<std::string> unsafe;
  const auto safe = read_lfsconfig(text, unsafe);
  ASSERT_TRUE(safe) << safe.error().message();
  const Config config(*safe);
  EXPECT_EQ(config.get("lfs.url"), "https://h/lfs");
  EXPECT_EQ(config.get("lfs.fetchinclude"), "a");
  EXPECT_EQ(config.get("lfs.https://h/lfs.access"), "basic");
  EXPECT_EQ(config.get("remote.origin.lfsurl"), "x");
  EXPECT_EQ(config.get("remote.a.b.lfsurl"), "y");
  for (const ConfigEntry& entry : config.entries()) {
    EXPECT_TRUE(entry.from_lfsconfig);
    EXPECT_NE(entry.value, "evil") << entry.key;
  }
  EXPECT_THAT(
      unsafe,
      ElementsAre("core.sshcommand", "lfs.concurrenttransfers", "lfs.customtransfer.x.path",
                  "lfs.extension.foo.clean", "lfs.https://h/lfs.locksverify", "remote.a.b.proxy",
                  "remote.a.b.uploadpack", "remote.lfsdefault", "remote.origin.url"));
}

TEST(LfsConfig, IncludesAreNotFollowed) {
  std::vector<std::string> unsafe;
  const auto safe = read_lfsconfig("[include]\n path = /etc/passwd\n", unsafe);
  ASSERT_TRUE(safe);
  EXPECT_TRUE(safe->empty());
  EXPECT_THAT(unsafe, ElementsAre("include.path"));
}

TEST(LfsConfig, GarbageIsAnError) {
  std::vector<std::string> unsafe;
  EXPECT_FALSE(read_lfsconfig("[[[", unsafe));
}

}  // namespace
}  // namespace lazylfs::lfs
