#include <algorithm>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "fs/folder.h"

namespace lazylfs::fs {
namespace {

FolderEntries entries_of(const std::set<std::string>& names) {
  FolderEntries entries(std::vector<std::string_view>(names.begin(), names.end()));
  std::uint32_t number = 0;
  for (const std::string& name : names) entries.add(name, EntryTarget::content(number++));
  return entries;
}

TEST(FolderEntriesTest, TargetsTellFoldersFromContents) {
  EXPECT_TRUE(EntryTarget::folder(7).is_folder());
  EXPECT_EQ(EntryTarget::folder(7).index(), 7U);
  EXPECT_FALSE(EntryTarget::content(7).is_folder());
  EXPECT_NE(EntryTarget::content(7), EntryTarget::folder(7));
}

TEST(FolderEntriesTest, CommonEndsOfNamesAreKeptOnce) {
  std::set<std::string> names;
  for (int i = 100; i < 1100; ++i)
    names.insert("a-long-common-prefix-" + std::to_string(i) + ".bin");
  EXPECT_LT(entries_of(names).memory_bytes(), 1000 * (8 + 5));
}

// Goal: names come back as they were, and each and no other is found.
// Method: random sets over few letters, so that prefixes and suffixes overlap in every way.
TEST(FolderEntriesTest, RandomNamesAreFoundExactly) {
  std::mt19937 random(5);
  const auto any_name = [&] {
    std::string name;
    for (auto length = 1 + random() % 5; length > 0; --length) name += "a-.\xff"[random() % 4];
    return name;
  };
  for (int round = 0; round < 500; ++round) {
    const std::string prefix = random() % 2 == 0 ? any_name() : "";
    const std::string suffix = random() % 2 == 0 ? any_name() : "";
    std::set<std::string> names;
    for (auto count = random() % 8; count > 0; --count) {
      names.insert(prefix + any_name() + suffix);
    }
    const FolderEntries entries = entries_of(names);
    std::size_t position = 0;
    for (const std::string& name : names) {
      EXPECT_EQ(entries.name(position), name);
      EXPECT_EQ(entries.find(name), entries.target(position)) << name;
      ++position;
    }
    for (int other = 0; other < 20; ++other) {
      const std::string name = (random() % 2 == 0 ? prefix : "") + any_name() + suffix;
      EXPECT_EQ(entries.find(name).has_value(), names.contains(name)) << name;
    }
    EXPECT_FALSE(entries.find(""));
  }
}

}  // namespace
}  // namespace lazylfs::fs
