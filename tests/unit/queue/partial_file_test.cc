#include "lfs/queue/partial_file.h"

#include "tests/unit/queue/fixture.h"

namespace lazylfs::lfs {
namespace {

using PartialFileTest = QueueTest;

TEST_F(PartialFileTest, TwoDownloadersOfOneObjectDoNotShareAFile) {
  const ObjectId id = id_of("0123456789");
  Result<PartialFile> first = PartialFile::open(store(), id);
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(first->append(as_bytes("0123")).has_value());
  Result<PartialFile> second = PartialFile::open(store(), id);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->bytes(), 0U);
  ASSERT_TRUE(second->append(as_bytes("0123456789")).has_value());
  EXPECT_TRUE(second->finish().has_value());
  EXPECT_EQ(content_of(id), "0123456789");
  first->abandon();
}

TEST_F(PartialFileTest, WhatIsAbandonedIsContinuedAndHashedFromItsStart) {
  const std::string content(5U << 20U, 'z');  // large enough for a thread of its own
  const ObjectId id = id_of(content);
  const std::string_view all = content;
  {
    Result<PartialFile> file = PartialFile::open(store(), id);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE(file->append(as_bytes(all.substr(0, 1000003))).has_value());
    file->abandon();
  }
  Result<PartialFile> file = PartialFile::open(store(), id);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->resume_from(), 1000003U);
  ASSERT_TRUE(file->append(as_bytes(all.substr(1000003))).has_value());
  EXPECT_TRUE(file->finish().has_value());
  EXPECT_TRUE(content_of(id) == content);
}

TEST_F(PartialFileTest, ARestartForgetsWhatWasHashed) {
  const std::string content(5U << 20U, 'z');
  const ObjectId id = id_of(content);
  Result<PartialFile> file = PartialFile::open(store(), id);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(file->append(as_bytes(std::string(3U << 20U, 'w'))).has_value());
  ASSERT_TRUE(file->restart().has_value());
  ASSERT_TRUE(file->append(as_bytes(content)).has_value());
  EXPECT_TRUE(file->finish().has_value());
}

TEST_F(PartialFileTest, WrongContentLeavesNothing) {
  const ObjectId id = id_of("right");
  Result<PartialFile> file = PartialFile::open(store(), id);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(file->append(as_bytes("wrong")).has_value());
  EXPECT_EQ(file->finish().error().code(), Errc::corrupt);
  EXPECT_FALSE(file_exists(store().partial_path(id.oid)));
}

}  // namespace
}  // namespace lazylfs::lfs
