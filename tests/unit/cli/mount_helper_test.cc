#include "cli/mount_helper.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"

namespace lazylfs::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kSource = "https://host/org/repo";

Result<MountHelperCall> with_options(const std::string& options, bool sloppy = false) {
  std::vector<std::string> words = {kSource, "/mnt", "-o", options};
  if (sloppy) words.insert(words.begin() + 2, "-s");
  return parse_mount_helper(words);
}

std::string refusal(const std::string& options, bool sloppy = false) {
  const auto call = with_options(options, sloppy);
  return call ? "" : std::string(call.error().message());
}

TEST(MountHelperTest, IsKnownByItsName) {
  EXPECT_TRUE(is_mount_helper("/sbin/mount.fuse.lazylfs"));
  EXPECT_TRUE(is_mount_helper("mount.lazylfs"));
  EXPECT_FALSE(is_mount_helper("/usr/bin/git-lfs"));
  EXPECT_FALSE(is_mount_helper("/sbin/mount.fuse.lazylfs/git-lfs"));
  EXPECT_FALSE(is_mount_helper(""));
}

TEST(MountHelperTest, OptionsBecomeThoseOfTheCommand) {
  const auto call = with_options(
      "rw,noexec,_netdev,nofail,x-systemd.requires=a.service,ref=main,subdir=a/b,allow_other,"
      "cache_size=2GiB,read-deadline=5s,uid=1000,gid=7,all_refs,user=alice,comment=mine");
  ASSERT_TRUE(call) << call.error().message();
  EXPECT_THAT(
      call->arguments,
      ElementsAre("mount", "--no-exec", "--ref=main", "--subdir=a/b", "--allow-other",
                  "--cache-size=2GiB", "--read-deadline=5s", "--uid=1000", "--gid=7", "--all-refs",
                  "--shown-source=https://host/org/repo", "--", kSource, "/mnt"));
}

TEST(MountHelperTest, TheWordsOfMountMayComeInAnyOrder) {
  const auto call = parse_mount_helper(std::vector<std::string>{
      "-v", kSource, "-fn", "-oref=a", "/mnt", "-t", "fuse.lazylfs", "-N", "ns", "-o", "offline"});
  ASSERT_TRUE(call) << call.error().message();
  EXPECT_TRUE(call->fake && call->verbose);
  EXPECT_THAT(call->arguments,
              ElementsAre("mount", "--ref=a", "--offline", "--shown-source=https://host/org/repo",
                          "--", kSource, "/mnt"));
}

TEST(MountHelperTest, AValueMayHoldCommas) {
  const auto call = with_options(R"(subdir="a,b",ref=x\,y)");
  ASSERT_TRUE(call) << call.error().message();
  EXPECT_EQ(call->arguments[1], "--subdir=a,b");
  EXPECT_EQ(call->arguments[2], "--ref=x,y");
}

TEST(MountHelperTest, ASourceMayHaveThePrefixThatMountShows) {
  const auto call =
      parse_mount_helper(std::vector<std::string>{"lazylfs:https://host/org/repo", "/mnt"});
  ASSERT_TRUE(call);
  EXPECT_THAT(call->arguments, ElementsAre("mount", "--", kSource, "/mnt"));
}

TEST(MountHelperTest, APasswordIsNotShownToEverybody) {
  const auto call = parse_mount_helper(std::vector<std::string>{"https://u:secret@host/x", "/mnt"});
  ASSERT_TRUE(call);
  EXPECT_THAT(call->arguments[1], testing::Not(HasSubstr("secret")));
  EXPECT_THAT(call->arguments[3], HasSubstr("secret"));
}

TEST(MountHelperTest, WhatCannotBeHonouredIsRefused) {
  EXPECT_THAT(refusal("refs=main"), HasSubstr("unknown option \"refs\""));
  EXPECT_THAT(refusal("remount,ro"), HasSubstr("remount"));
  EXPECT_THAT(refusal("suid"), HasSubstr("suid"));
  EXPECT_THAT(refusal("ref"), HasSubstr("needs a value"));
  EXPECT_THAT(refusal("ref="), HasSubstr("needs a value"));
  EXPECT_THAT(refusal("offline=yes"), HasSubstr("takes no value"));
  EXPECT_FALSE(parse_mount_helper(std::vector<std::string>{kSource}));
  EXPECT_FALSE(parse_mount_helper(std::vector<std::string>{kSource, "/a", "/b"}));
  EXPECT_FALSE(parse_mount_helper(std::vector<std::string>{kSource, "/a", "-o"}));
  EXPECT_FALSE(parse_mount_helper(std::vector<std::string>{kSource, "/a", "-x"}));
}

TEST(MountHelperTest, SloppyPassesOverTheUnknownAlone) {
  EXPECT_EQ(refusal("refs=main,ref=main", true), "");
  EXPECT_NE(refusal("remount", true), "");
  EXPECT_NE(refusal("ref", true), "");
}

// The table of the command decides what exists: each translated option must be one of its own.
TEST(MountHelperTest, EveryOptionIsOneOfTheCommand) {
  const auto call = with_options(
      "all_refs,allow_other,follow,noexec,offline,small_files,cache=/c,cache_size=1,"
      "follow_interval=1s,gid=1,passthrough=off,read_deadline=1s,ref=r,remote=o,subdir=s,uid=1");
  ASSERT_TRUE(call) << call.error().message();
  const auto commands = all_commands();
  const auto mount = std::ranges::find(commands, std::string_view("mount"), &Command::name);
  const auto arguments = parse_options(mount->options, std::span(call->arguments).subspan(1));
  ASSERT_TRUE(arguments) << arguments.error().message();
  EXPECT_TRUE(arguments->is_set("no-exec"));
  EXPECT_THAT(arguments->positional, ElementsAre(kSource, "/mnt"));
}

TEST(MountHelperTest, ExitCodesAreThoseOfMount) {
  std::ostringstream out, err;
  Metrics metrics;
  Context context{.out = out, .err = err, .metrics = metrics, .commands = all_commands()};
  const auto run = [&context](std::vector<std::string> words) {
    return run_mount_helper(context, words);
  };
  EXPECT_EQ(run({"/nowhere", "/mnt", "-o", "nosuch"}), 1);
  EXPECT_THAT(err.str(), testing::StartsWith("mount.fuse.lazylfs: unknown option"));
  EXPECT_EQ(run({"/nowhere", "/mnt", "-fv"}), 0);
  EXPECT_EQ(run({"/nowhere", "/mnt/nowhere"}), 32);
}

}  // namespace
}  // namespace lazylfs::cli
