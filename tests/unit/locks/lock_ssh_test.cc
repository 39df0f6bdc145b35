#include "lfs/locks/lock_ssh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Answers every call alike and remembers what was asked.
struct FakeTransfer {
  SshLockReply reply;
  std::vector<SshLockCall> asked;

  SshLockApi api() {
    return SshLockApi([this](const SshLockCall& call) -> Result<SshLockReply> {
      asked.push_back(call);
      return reply;
    });
  }
};

SshLockReply lock_reply(int status) {
  return {.status = status,
          .arguments = {"id=7", "path=a b=c", "locked-at=2020-01-01T00:00:00Z", "ownername=o"},
          .lines = {"conflict"}};
}

TEST(LockSshTest, ALockIsAskedForByPathAndRef) {
  FakeTransfer server{.reply = lock_reply(201), .asked = {}};
  const auto lock = server.api().create("a b=c", "refs/heads/main");
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_EQ(lock->path, "a b=c");
  EXPECT_EQ(lock->owner, "o");
  EXPECT_EQ(server.asked[0].command, "lock");
  EXPECT_EQ(server.asked[0].operation, Operation::upload);
  EXPECT_THAT(server.asked[0].arguments, ElementsAre("path=a b=c", "refname=refs/heads/main"));
}

TEST(LockSshTest, AConflictIsToldInTheServersWords) {
  FakeTransfer server{.reply = lock_reply(409), .asked = {}};
  EXPECT_EQ(server.api().create("a", "").error().message(),
            "server unable to create lock: conflict");
}

TEST(LockSshTest, ALineEndInAPathIsNotSent) {
  FakeTransfer server{.reply = lock_reply(201), .asked = {}};
  EXPECT_EQ(server.api().create("a\nb", "").error().code(), Errc::unsupported);
  EXPECT_EQ(server.api().remove("1\nquit", false, "").error().code(), Errc::invalid);
  EXPECT_THAT(server.asked, IsEmpty());
}

TEST(LockSshTest, ForceIsSent) {
  FakeTransfer server{.reply = lock_reply(200), .asked = {}};
  ASSERT_TRUE(server.api().remove("7", true, "r"));
  EXPECT_EQ(server.asked[0].command, "unlock 7");
  EXPECT_THAT(server.asked[0].arguments, ElementsAre("force=true", "refname=r"));
}

TEST(LockSshTest, AListTellsWhoseEachLockIs) {
  FakeTransfer server{.reply = {.status = 200,
                                .arguments = {"next-cursor=3"},
                                .lines = {"lock 1", "path 1 a b", "locked-at 1 t", "ownername 1 me",
                                          "owner 1 ours", "lock 2", "path 2 c", "owner 2 theirs"}},
                      .asked = {}};
  const auto page =
      server.api().verify({.path = "", .id = "", .limit = 5, .ref = "", .cursor = "2"});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->locks.ours.size(), 1U);
  EXPECT_EQ(page->locks.ours[0].path, "a b");
  ASSERT_EQ(page->locks.theirs.size(), 1U);
  EXPECT_EQ(page->next_cursor, "3");
  EXPECT_THAT(server.asked[0].arguments, ElementsAre("cursor=2", "limit=5"));
}

TEST(LockSshTest, AListOutOfOrderIsCorrupt) {
  for (const auto& lines : std::vector<std::vector<std::string>>{
           {"path 1 a"}, {"lock 1", "path 2 a"}, {"lock 1"}, {"lock 1", "path 1 a", "lock 2"}}) {
    FakeTransfer server{.reply = {.status = 200, .arguments = {}, .lines = lines}, .asked = {}};
    const auto page =
        server.api().list({.path = "", .id = "", .limit = 0, .ref = "", .cursor = ""});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), Errc::corrupt);
  }
}

}  // namespace
}  // namespace lazylfs::lfs
