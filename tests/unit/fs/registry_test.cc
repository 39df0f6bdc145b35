#include "fs/registry.h"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "fs/control.h"
#include "fs/mount_point.h"
#include "lfs/base/files.h"

namespace lazylfs::fs {
namespace {

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() {
    std::string pattern = testing::TempDir() + "/registryXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~RegistryTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(make_folders(folder_ + "/mounts").has_value());
    ASSERT_TRUE(write_file_atomically(folder_ + "/mounts/" + name, text).has_value());
  }

  std::string folder_;
};

TEST_F(RegistryTest, AnEmptyCacheHasNoMounts) { EXPECT_TRUE(list_mounts(folder_).empty()); }

TEST_F(RegistryTest, ARecordIsFoundAgainByPath) {
  const MountRecord record{.mountpoint = "/nowhere/here", .source = "src", .commit = "c0ffee"};
  ASSERT_TRUE(write_record(folder_, record).has_value());
  const auto found = find_mount(folder_, "/nowhere/here/a/b");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, "a/b");
  EXPECT_EQ(found->mount.commit, "c0ffee");
  EXPECT_EQ(found->mount.pid, ::getpid());
  EXPECT_FALSE(find_mount(folder_, "/nowhere/hereafter").has_value());
  remove_record(folder_, record);
  EXPECT_TRUE(list_mounts(folder_).empty());
}

TEST_F(RegistryTest, NothingMountedIsNotAlive) {
  ASSERT_TRUE(write_record(folder_, {.mountpoint = "/nowhere/here"}).has_value());
  ASSERT_EQ(list_mounts(folder_).size(), 1U);
  EXPECT_FALSE(list_mounts(folder_)[0].alive);
}

TEST_F(RegistryTest, AProcessWithAReusedIdIsNotOurs) {
  EXPECT_TRUE(process_lives(::getpid(), 0));
  EXPECT_FALSE(process_lives(::getpid(), 1));
  EXPECT_FALSE(process_lives(0, 0));
}

TEST_F(RegistryTest, JunkAmongTheRecordsIsPassedOver) {
  write("a.json", "{");
  write("b.json", "[]");
  write("c.json", R"({"mountpoint": 7})");
  write("d.json", R"({"mountpoint": "/d", "pid": "x"})");
  ASSERT_EQ(list_mounts(folder_).size(), 1U);
  EXPECT_EQ(list_mounts(folder_)[0].mountpoint, "/d");
}

TEST_F(RegistryTest, TheControlSocketAnswersAlsoAtALongPath) {
  const std::string deep = folder_ + "/" + std::string(120, 'x');
  ASSERT_TRUE(make_folders(deep).has_value());
  const MountRecord record{.mountpoint = "/m", .socket = deep + "/m.sock"};
  EXPECT_EQ(ask_daemon(record, Json::object()).error().code(), Errc::not_found);
  auto server = ControlServer::start(record.socket, [](const Json& request) {
    return Json{{"echo", json_string(request, "get").value_or("")}};
  });
  ASSERT_TRUE(server.has_value());
  const Result<Json> answer = ask_daemon(record, {{"get", "stats"}});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(json_string(*answer, "echo"), "stats");
}

TEST(MountinfoTest, BlanksInPathsAndOptionalTagsAreUnderstood) {
  const auto mounts = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt\\040two rw,noatime master:1 shared:2 - fuse.lazylfs lazylfs:a\\054b "
      "rw\n"
      "37 35 0:5 / /x rw - tmpfs tmpfs rw\n"
      "junk\n");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].mountpoint, "/mnt two");
  EXPECT_EQ(mounts[0].source, "lazylfs:a,b");
  EXPECT_EQ(mounts[0].device, "98:0");
  EXPECT_TRUE(mounts[0].is_ours());
  EXPECT_FALSE(mounts[1].is_ours());
}

TEST(MountPointTest, AMissingFolderSaysHowToMakeIt) {
  const Result<void> prepared = prepare_mountpoint("/nowhere/at/all");
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().code(), Errc::not_found);
  EXPECT_NE(prepared.error().message().find("mkdir -p"), std::string::npos);
}

}  // namespace
}  // namespace lazylfs::fs
