#include "fs/content_table.h"

#include <cstring>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

ContentInfo content(std::uint32_t number, std::uint64_t size = 1) {
  ContentInfo info{.blob = {}, .size = size};
  std::memcpy(info.blob.bytes.data(), &number, sizeof number);
  return info;
}

TEST(ContentTableTest, NumbersAreTheContentsAndTheModes) {
  const Oid object;
  ContentInfo info = content(1);
  const std::uint64_t plain = content_ino(info, object);
  EXPECT_EQ(plain, content_ino(info, object));
  info.kind = lfs::EntryKind::executable;
  EXPECT_NE(plain, content_ino(info, object));
  info.is_lfs = true;
  const std::uint64_t lfs_ino = content_ino(info, object);
  info.blob = content(2).blob;  // another pointer text for the same object
  EXPECT_EQ(lfs_ino, content_ino(info, object));
  EXPECT_EQ(lfs_ino & kFolderInoBit, 0U);
}

TEST(ContentTableTest, ACollisionGoesToAnotherNumber) {
  ContentTable table;
  const auto a = table.intern(content(1), 77);
  const auto b = table.intern(content(2), 77);
  EXPECT_NE(a, b);
  EXPECT_NE(table.ino(a), table.ino(b));
  EXPECT_EQ(table.intern(content(2), 77), b);
  EXPECT_EQ(table.find(table.ino(b)), b);
}

TEST(ContentTableTest, LargeSizesAndKindsSurvivePacking) {
  ContentTable table;
  ContentInfo info = content(1, kContentSizeMax);
  info.kind = lfs::EntryKind::symlink;
  info.is_lfs = true;
  const ContentInfo read = table.info(table.intern(info, 99));
  EXPECT_EQ(read.size, kContentSizeMax);
  EXPECT_EQ(read.kind, lfs::EntryKind::symlink);
  EXPECT_TRUE(read.is_lfs);
  EXPECT_EQ(read.blob, info.blob);
}

// Goal: insertions, growth and removals without tombstones never lose an entry.
// Method: random operations beside a std::map; wanted numbers are few, so that runs are long.
TEST(ContentTableTest, RandomOperationsAgreeWithAMap) {
  ContentTable table;
  std::map<std::uint32_t, std::uint64_t> model;  // content -> ino
  std::mt19937 random(3);
  for (int i = 0; i < 6000; ++i) {
    const auto number = static_cast<std::uint32_t>(random() % 3000);
    // Numbers in clusters over the whole range.
    const std::uint64_t wanted = ((std::uint64_t{number} % 50 + 1) << 57U) / 8 + number / 10;
    if (model.contains(number) && random() % 2 == 0) {
      table.erase(*table.find(model[number]));
      model.erase(number);
    } else if (!model.contains(number)) {
      model[number] = table.ino(table.intern(content(number), wanted + number % 10));
    }
  }
  EXPECT_EQ(table.count(), model.size());
  for (const auto& [number, ino] : model) {
    const auto index = table.find(ino);
    ASSERT_TRUE(index);
    EXPECT_EQ(table.info(*index).blob, content(number).blob);
  }
}

TEST(ContentTableTest, ReferencesNeverGoBelowZero) {
  ContentTable table;
  const auto index = table.intern(content(1), 5);
  table.add_reference(index);
  table.add_reference(index);
  EXPECT_TRUE(table.drop_references(index, 1));
  EXPECT_FALSE(table.drop_references(index, 9));
  EXPECT_EQ(table.references(index), 0U);
}

}  // namespace
}  // namespace lazylfs::fs
