#include "fs/folder_ahead.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

using testing::IsEmpty;

constexpr std::uint64_t kSmall = 100'000;

// A folder of `count` files with inode numbers from 1000.
class Folder {
 public:
  explicit Folder(std::uint64_t count, std::uint64_t size = kSmall) : count_(count), size_(size) {}

  std::vector<Sibling> after(std::uint64_t index) const {
    std::vector<Sibling> result;
    for (std::uint64_t i = index + 1; i < count_ && result.size() < 100; ++i) {
      result.push_back({.ino = ino(i), .object = {.oid = {}, .size = size_}});
    }
    return result;
  }
  static InodeNumber ino(std::uint64_t index) { return {1000 + index}; }

 private:
  std::uint64_t count_, size_;
};

TEST(FolderAheadTest, OneFileSaysNothingAboutItsNeighbours) {
  FolderAhead policy;
  const Folder folder(200);
  EXPECT_THAT(policy.on_first_read(Folder::ino(0), kSmall, folder.after(0)), IsEmpty());
  EXPECT_THAT(policy.on_first_read(Folder::ino(1), kSmall, folder.after(1)), IsEmpty());
}

TEST(FolderAheadTest, FilesReadInOrderAreFetchedAheadEachOnce) {
  FolderAhead policy;
  const Folder folder(200);
  std::set<InodeNumber> fetched;
  for (std::uint64_t i = 0; i < 200; ++i) {
    for (const Sibling& sibling : policy.on_first_read(Folder::ino(i), kSmall, folder.after(i))) {
      EXPECT_TRUE(fetched.insert(sibling.ino).second) << "fetched twice";
      EXPECT_GT(sibling.ino, Folder::ino(i));
    }
  }
  EXPECT_EQ(fetched.size(), 197U);
}

TEST(FolderAheadTest, LargeFilesAreNotFetchedAhead) {
  FolderAhead policy;
  const Folder folder(20, 100U << 20U);
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_THAT(policy.on_first_read(Folder::ino(i), 100U << 20U, folder.after(i)), IsEmpty());
  }
}

TEST(FolderAheadTest, FilesOfDifferentFoldersMakeNoRun) {
  FolderAhead policy;
  const Folder folder(10'000);
  for (std::uint64_t i = 0; i < 10; ++i) {
    const std::uint64_t index = i * 1000;
    EXPECT_THAT(policy.on_first_read(Folder::ino(index), kSmall, folder.after(index)), IsEmpty());
  }
}

}  // namespace
}  // namespace lazylfs::fs
