#include "fs/mount_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

using testing::ElementsAre;

TEST(MountArgumentsTest, ADaemonIsToldEveryOption) {
  const MountOptions options{.source = "--odd source",
                             .mountpoint = "/mnt/a b",
                             .ref = "v1.0",
                             .subdir = "data",
                             .follow = true,
                             .follow_interval = std::chrono::milliseconds(150),
                             .all_refs = true,
                             .allow_other = true,
                             .no_exec = true,
                             .uid = 1000,
                             .gid = 0,
                             .shown_source = "https://host/x",
                             .offline = true,
                             .interactive = false,
                             .small_files = true,
                             .passthrough = PassthroughMode::off,
                             .cache_folder = "/cache=1",
                             .remote = "upstream",
                             .read_deadline = std::chrono::milliseconds(7)};
  EXPECT_THAT(
      to_arguments(options, 3),
      ElementsAre("--foreground", "--ready-fd=3", "--all-refs", "--allow-other", "--cache=/cache=1",
                  "--follow", "--follow-interval=150ms", "--gid=0", "--no-exec", "--offline",
                  "--read-deadline=7ms", "--ref=v1.0", "--remote=upstream",
                  "--shown-source=https://host/x", "--small-files", "--subdir=data", "--uid=1000",
                  "--passthrough=off", "--", "--odd source", "/mnt/a b"));
}

}  // namespace
}  // namespace lazylfs::fs
