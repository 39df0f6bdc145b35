#include "fs/mount_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

using testing::HasSubstr;

Result<MountRequest> parse(const std::vector<std::string>& words) {
  return parse_mount_arguments(words);
}

TEST(MountArgumentsTest, AllOptionsSurviveTheWayToTheDaemon) {
  MountRequest request;
  request.options = {.source = "--odd source",
                     .mountpoint = "/mnt/a b",
                     .ref = "v1.0",
                     .subdir = "data",
                     .follow = true,
                     .follow_interval = std::chrono::milliseconds(150),
                     .all_refs = true,
                     .allow_other = true,
                     .offline = true,
                     .interactive = true,
                     .small_files = true,
                     .passthrough = PassthroughMode::off,
                     .cache_folder = "/cache=1",
                     .remote = "upstream",
                     .read_deadline = std::chrono::milliseconds(7)};
  request.foreground = request.prepared = true;
  request.ready_fd = 3;

  const Result<MountRequest> again = parse(to_arguments(request));
  ASSERT_TRUE(again.has_value());
  const MountOptions& options = again->options;
  EXPECT_EQ(options.source, "--odd source");
  EXPECT_EQ(options.mountpoint, "/mnt/a b");
  EXPECT_EQ(options.ref, "v1.0");
  EXPECT_EQ(options.subdir, "data");
  EXPECT_TRUE(options.follow && options.all_refs && options.allow_other && options.offline);
  EXPECT_TRUE(options.interactive && options.small_files);
  EXPECT_EQ(options.follow_interval, std::chrono::milliseconds(150));
  EXPECT_EQ(options.passthrough, PassthroughMode::off);
  EXPECT_EQ(options.cache_folder, "/cache=1");
  EXPECT_EQ(options.remote, "upstream");
  EXPECT_EQ(options.read_deadline, std::chrono::milliseconds(7));
  EXPECT_TRUE(again->foreground && again->prepared);
  EXPECT_EQ(again->ready_fd, 3);
}

TEST(MountArgumentsTest, ValuesFollowTheOptionOrAnEqualsSign) {
  const auto request = parse({"--ref", "main", "--subdir=x", "repo", "/mnt/x"});
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->options.ref, "main");
  EXPECT_EQ(request->options.subdir, "x");
  EXPECT_EQ(request->ready_fd, -1);
}

TEST(MountArgumentsTest, MistakesAreNamed) {
  EXPECT_THAT(parse({"--bogus", "a", "b"}).error().message(), HasSubstr("--bogus"));
  EXPECT_THAT(parse({"-z", "a", "b"}).error().message(), HasSubstr("-z"));
  EXPECT_THAT(parse({"a"}).error().message(), HasSubstr("usage"));
  EXPECT_THAT(parse({"a", "b", "--ref"}).error().message(), HasSubstr("--ref"));
  EXPECT_THAT(parse({"--follow=1", "a", "b"}).error().message(), HasSubstr("--follow"));
  EXPECT_THAT(parse({"--passthrough=maybe", "a", "b"}).error().message(), HasSubstr("auto or off"));
  EXPECT_THAT(parse({"--read-deadline-ms=x", "a", "b"}).error().message(), HasSubstr("number"));
}

}  // namespace
}  // namespace lazylfs::fs
