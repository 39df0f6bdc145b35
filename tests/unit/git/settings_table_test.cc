#include "lfs/git/settings_table.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "lfs/base/text.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

TEST(SettingsTableTest, EveryKeyIsThereOnceAndHasItsTexts) {
  std::set<std::string> keys;
  for (const Setting& setting : settings()) {
    SCOPED_TRACE(setting.key);
    EXPECT_TRUE(keys.insert(to_lower(setting.key)).second);
    EXPECT_TRUE(setting.summary.ends_with('.'));
    EXPECT_FALSE(setting.read_by.empty());
    EXPECT_EQ(find_setting(setting.key), &setting);
  }
  EXPECT_EQ(find_setting("lfs.nosuch"), nullptr);
}

TEST(SettingsTableTest, DefaultsAreOfTheirType) {
  for (const Setting& setting : settings()) {
    SCOPED_TRACE(setting.key);
    if (setting.fallback.empty()) continue;
    if (setting.type == SettingType::integer) {
      EXPECT_TRUE(parse_int(setting.fallback));
    }
    if (setting.type == SettingType::size) {
      EXPECT_TRUE(parse_size(setting.fallback));
    }
    if (setting.type == SettingType::boolean) {
      EXPECT_TRUE(setting.fallback == "true" || setting.fallback == "false");
    }
  }
}

TEST(SettingsTableTest, VariablesNameSettingsThatExist) {
  std::set<std::string_view> names;
  for (const Variable& variable : environment_variables()) {
    SCOPED_TRACE(variable.name);
    EXPECT_TRUE(names.insert(variable.name).second);
    EXPECT_TRUE(variable.summary.ends_with('.'));
    if (!variable.setting.empty()) {
      EXPECT_NE(find_setting(variable.setting), nullptr);
    }
  }
}

TEST(SettingsTableTest, ARepositoryMaySetOnlyWhatIsSafe) {
  for (const char* key :
       {"lfs.url", "lfs.pushurl", "lfs.fetchinclude", "lfs.fetchexclude", "lfs.gitprotocol",
        "lfs.locksverify", "lfs.allowincompletepush", "lfs.skipdownloaderrors",
        "lfs.https://x.org/y.access", "remote.a.b.lfsurl", "lfs.extension.x.priority"}) {
    EXPECT_TRUE(is_safe_in_lfsconfig(key)) << key;
  }
  for (const char* key :
       {"core.sshcommand", "lfs.storage", "remote.origin.url", "remote.a.b.proxy", "remote.lfsurl",
        "lfs.access", "lfs.extension.x.clean", "lfs.customtransfer.x.path",
        "lfs.https://x.org/.locksverify", "lfs.cache.folder", "remote.lfsdefault",
        "credential.helper", "include.path", "filter.lfs.clean"}) {
    EXPECT_FALSE(is_safe_in_lfsconfig(key)) << key;
  }
}

// A program or a path that a repository could choose would run or be read on this machine.
TEST(SettingsTableTest, NoCommandOrPathIsSafe) {
  for (const Setting& setting : settings()) {
    if (setting.type == SettingType::command || setting.type == SettingType::path) {
      EXPECT_FALSE(setting.safe) << setting.key;
    }
  }
}

TEST(SettingsTableTest, ValuesInUseFollowTheConfigurationAndTheirType) {
  const Config config(std::vector<ConfigEntry>{{"lfs.concurrenttransfers", "2k"},
                                               {"lfs.tustransfers", "yes"},
                                               {"lfs.fetchrecentrefsdays", "junk"},
                                               {"lfs.pruneremotetocheck", "up"}});
  const auto value = [&](const char* key) { return effective_value(config, *find_setting(key)); };
  EXPECT_EQ(value("lfs.concurrenttransfers"), "2048");
  EXPECT_EQ(value("lfs.tustransfers"), "true");
  EXPECT_EQ(value("lfs.fetchrecentrefsdays"), "7");
  EXPECT_EQ(value("lfs.pruneremotetocheck"), "up");
  EXPECT_EQ(value("lfs.fetchrecentremoterefs"), "true");
}

}  // namespace
}  // namespace lazylfs::lfs
