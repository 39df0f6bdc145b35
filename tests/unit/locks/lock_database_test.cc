#include "lfs/locks/lock_database.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Lock lock(std::string id, std::string path, std::string owner = "alice") {
  return {.id = std::move(id),
          .path = std::move(path),
          .owner = std::move(owner),
          .locked_at = "2026-11-21T07:16:02Z"};
}

// What git-lfs 3.3.0 wrote after locking a.bin and d/b.bin.
constexpr auto kByUpstream =
    "\x03\x04\x00\x0a\x0e\xff\x81\x04\x01\x02\xff\x82\x00\x01\x0c\x01\x10\x00\x00\x53\xff\x82\x00"
    "\x04"
    "\x05"
    "a.bin\x0d*locking.Lock\xff\x83\x03\x01\x01\x04Lock\x01\xff\x84\x00\x01\x04\x01\x02Id\x01"
    "\x0c\x00\x01\x04Path\x01\x0c\x00\x01\x05Owner\x01\xff\x86\x00\x01\x08LockedAt\x01\xff\x88\x00"
    "\x00\x00\x1b\xff\x85\x03\x01\x01\x04User\x01\xff\x86\x00\x01\x01\x01\x04Name\x01\x0c\x00\x00"
    "\x00\x10\xff\x87\x05\x01\x01\x04Time\x01\xff\x88\x00\x00\x00\xff\xe8\xff\x84\x25\x01\x01"
    "1\x01\x05"
    "a.bin\x01\x01\x05"
    "alice\x00\x01\x0f\x01\x00\x00\x00\x0e\xe2\x93\x3c\x32\x00\x00"
    "\x00\x00\xff\xff\x00\x08*id*://1\x0d*locking.Lock\xff\x84\x25\x01\x01"
    "1\x01\x05"
    "a.bin\x01\x01\x05"
    "alice\x00\x01\x0f\x01\x00\x00\x00\x0e\xe2\x93\x3c\x32\x00\x00"
    "\x00\x00\xff\xff\x00\x07"
    "d/b.bin\x0d*locking.Lock\xff\x84\x27\x01\x01"
    "2\x01\x07"
    "d/b.bin\x01\x01\x05"
    "alice\x00\x01\x0f\x01\x00\x00\x00\x0e\xe2\x93\x3c\x32\x00\x00"
    "\x00\x00\xff\xff\x00\x08*id*://2\x0d*locking.Lock\xff\x84\x27\x01\x01"
    "2\x01\x07"
    "d/b.bin\x01\x01\x05"
    "alice\x00\x01\x0f\x01\x00\x00\x00\x0e\xe2\x93\x3c\x32\x00\x00"
    "\x00\x00\xff\xff\x00"sv;

TEST(LockDatabaseTest, WritesWhatUpstreamWrites) {
  const LockDatabase database{.version = 5, .locks = {lock("1", "a.bin"), lock("2", "d/b.bin")}};
  EXPECT_EQ(encode_lock_database(database), kByUpstream);
}

TEST(LockDatabaseTest, ReadsWhatUpstreamWrote) {
  const auto database = decode_lock_database(kByUpstream);
  ASSERT_TRUE(database) << database.error().message();
  EXPECT_EQ(database->version, 5);
  EXPECT_THAT(database->locks, ElementsAre(lock("1", "a.bin"), lock("2", "d/b.bin")));
}

TEST(LockDatabaseTest, AnEmptyMapHasNoDefinitionsOfLocks) {
  const std::string bytes = encode_lock_database({.version = 2, .locks = {}});
  EXPECT_EQ(
      bytes,
      "\x03\x04\x00\x04\x0e\xff\x81\x04\x01\x02\xff\x82\x00\x01\x0c\x01\x10\x00\x00\x04\xff\x82"
      "\x00\x00"sv);
  const auto database = decode_lock_database(bytes);
  ASSERT_TRUE(database);
  EXPECT_THAT(database->locks, IsEmpty());
}

TEST(LockDatabaseTest, LongTextsAndAbsentOwnersSurviveARoundTrip) {
  const LockDatabase database{
      .version = 70'000,
      .locks = {lock(std::string(300, 'i'), std::string(70'000, 'p'), ""), lock("", "q", "")}};
  const auto read = decode_lock_database(encode_lock_database(database));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->version, database.version);
  EXPECT_EQ(read->locks, database.locks);
}

TEST(LockDatabaseTest, EveryTruncationIsRefused) {
  for (std::size_t length = 0; length < kByUpstream.size(); ++length) {
    EXPECT_FALSE(decode_lock_database(kByUpstream.substr(0, length))) << length;
  }
}

TEST(LockDatabaseTest, NoDamagedByteIsFatal) {
  for (std::size_t at = 0; at < kByUpstream.size(); ++at) {
    for (const char value : {'\0', '\x7f', '\xff', '\xf8'}) {
      std::string bytes(kByUpstream);
      bytes[at] = value;
      const auto read = decode_lock_database(bytes);
      EXPECT_TRUE(read || read.error().code() == Errc::corrupt);
    }
  }
}

}  // namespace
}  // namespace lazylfs::lfs
