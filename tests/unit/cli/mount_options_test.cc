#include "cli/mount_options.h"

#include <gtest/gtest.h>

#include "cli/commands.h"

namespace lazylfs::cli {
namespace {

using std::chrono::milliseconds;

Result<fs::MountOptions> read(std::vector<std::string> words) {
  const auto commands = all_commands();
  const auto mount = std::ranges::find(commands, std::string_view("mount"), &Command::name);
  return mount_options_from(TRY(parse_options(mount->options, words)));
}

TEST(MountOptionsTest, TimesHaveUnits) {
  EXPECT_EQ(parse_duration("30"), milliseconds(30000));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("100ms"), milliseconds(100));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120000));
  for (const char* bad : {"", "s", "0", "-1s", "1x", "1 s", "nan", "inf", "1e99"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(MountOptionsTest, PathsBecomeAbsoluteAndUrlsStay) {
  const auto local = read({"clone/../repo", "/mnt//x/"});
  ASSERT_TRUE(local);
  EXPECT_EQ(local->source.front(), '/');
  EXPECT_TRUE(local->source.ends_with("/repo")) << local->source;
  EXPECT_EQ(local->mountpoint, "/mnt/x");
  for (const char* remote : {"https://host/x.git", "git@host:x/y.git", "ssh://host/x"}) {
    EXPECT_EQ(read({remote, "m"})->source, remote);
  }
}

TEST(MountOptionsTest, OwnersAreNumbers) {
  const auto options = read({"--uid=1000", "--gid=0", "/r", "/m"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->uid, 1000U);
  EXPECT_EQ(options->gid, 0U);
  for (const char* bad : {"", "alice", "-1", "4294967295", "1x"}) {
    EXPECT_FALSE(read({std::string("--uid=") + bad, "/r", "/m"})) << bad;
  }
}

TEST(MountOptionsTest, DefaultsAreThoseOfTheFileSystem) {
  const auto options = read({"/r", "/m"});
  ASSERT_TRUE(options);
  const fs::MountOptions defaults;
  EXPECT_EQ(options->follow_interval, defaults.follow_interval);
  EXPECT_EQ(options->read_deadline, defaults.read_deadline);
  EXPECT_EQ(options->passthrough, fs::PassthroughMode::automatic);
  EXPECT_FALSE(options->follow || options->all_refs || options->offline || options->small_files);
}

TEST(MountOptionsTest, EveryOptionReachesTheFileSystem) {
  const auto options =
      read({"--ref=v1", "--subdir", "a/b", "--follow", "--follow-interval=500ms", "--all-refs",
            "--allow-other", "--offline", "--small-files", "--passthrough=off", "--cache=/c",
            "--remote=up", "--read-deadline=5", "/r", "/m"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->ref, "v1");
  EXPECT_EQ(options->subdir, "a/b");
  EXPECT_TRUE(options->follow && options->all_refs && options->allow_other && options->offline &&
              options->small_files);
  EXPECT_EQ(options->follow_interval, milliseconds(500));
  EXPECT_EQ(options->passthrough, fs::PassthroughMode::off);
  EXPECT_EQ(options->cache_folder, "/c");
  EXPECT_EQ(options->remote, "up");
  EXPECT_EQ(options->read_deadline, milliseconds(5000));
}

TEST(MountOptionsTest, AWrongValueIsNamed) {
  const auto deadline = read({"--read-deadline=soon", "/r", "/m"});
  ASSERT_FALSE(deadline);
  EXPECT_EQ(deadline.error().message(),
            "--read-deadline: \"soon\" is not a time; write it as 30s or 500ms");
  const auto size = read({"--cache-size=big", "/r", "/m"});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().message(), "--cache-size: \"big\" is not a size; write it as 200GiB");
}

}  // namespace
}  // namespace lazylfs::cli
