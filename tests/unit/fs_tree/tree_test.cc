#include "fs/tree.h"

#include <filesystem>
#include <latch>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "tree_fixture.h"

namespace lazylfs::fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kTrackBin = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

TEST_F(TreeTest, APointerHasItsObjectsSizeAndAPlainFileItsOwn) {
  sandbox_.write(".gitattributes", kTrackBin);
  sandbox_.write("a.bin", pointer_text(test_oid(1), 5'000'000'000));
  sandbox_.write("b.txt", "hello");
  sandbox_.write("empty.bin", "");
  sandbox_.commit_all(1600000000);
  const auto tree = open("HEAD");

  const Attributes large = look_up(*tree, "a.bin");
  EXPECT_EQ(large.size, 5'000'000'000U);
  EXPECT_EQ(large.mtime, 1600000000);
  const Content content = must(tree->content(large.ino));
  EXPECT_TRUE(content.is_lfs);
  EXPECT_EQ(content.object, (ObjectId{test_oid(1), 5'000'000'000}));
  EXPECT_EQ(content.blob.hex(), sandbox_.git({"rev-parse", "HEAD:a.bin"}));

  const Attributes plain = look_up(*tree, "b.txt");
  EXPECT_EQ(plain.size, 5U);
  EXPECT_FALSE(must(tree->content(plain.ino)).is_lfs);
  const Attributes empty = look_up(*tree, "empty.bin");
  EXPECT_EQ(empty.size, 0U);
  EXPECT_FALSE(must(tree->content(empty.ino)).is_lfs);
  EXPECT_EQ(tree->commit_of(large.ino).oid, commit("HEAD").oid);
}

TEST_F(TreeTest, OnlyFilesWithTheFilterArePointers) {
  sandbox_.write(".gitattributes", "*.bin filter=lfs\n");
  sandbox_.write("sample.txt", pointer_text(test_oid(1), 77));
  sandbox_.write("sub/.gitattributes", "*.bin -filter\n");
  sandbox_.write("sub/a.bin", pointer_text(test_oid(1), 77));
  sandbox_.write("b.bin", "no pointer at all");
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  const std::uint64_t length = pointer_text(test_oid(1), 77).size();
  EXPECT_EQ(look_up(*tree, "sample.txt").size, length);
  EXPECT_EQ(look_up(*tree, "sub/a.bin").size, length);
  EXPECT_EQ(look_up(*tree, "b.bin").size, 17U);
}

TEST_F(TreeTest, EqualContentsShareAnInodeAndModesDiffer) {
  sandbox_.write(".gitattributes", kTrackBin);
  for (const char* name : {"a.bin", "d/b.bin", "x.bin"}) {
    sandbox_.write(name, pointer_text(test_oid(1), 10));
  }
  sandbox_.write("p", "same");
  sandbox_.write("d/q", "same");
  std::filesystem::permissions(sandbox_.path("x.bin"), std::filesystem::perms::owner_all);
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  EXPECT_EQ(look_up(*tree, "a.bin").ino, look_up(*tree, "d/b.bin").ino);
  EXPECT_EQ(look_up(*tree, "p").ino, look_up(*tree, "d/q").ino);
  const Attributes executable = look_up(*tree, "x.bin");
  EXPECT_NE(executable.ino, look_up(*tree, "a.bin").ino);
  EXPECT_EQ(executable.kind, lfs::EntryKind::executable);
}

TEST_F(TreeTest, InodeNumbersAreTheSameInEveryMount) {
  sandbox_.write("d/a", "1");
  sandbox_.commit_all();
  EXPECT_EQ(look_up(*open("HEAD"), "d/a").ino, look_up(*open("HEAD"), "d/a").ino);
  EXPECT_EQ(look_up(*open("HEAD"), "d").ino, look_up(*open("HEAD"), "d").ino);
}

TEST_F(TreeTest, EqualFoldersAreDifferentInodes) {
  sandbox_.write("a/x/f", "1");
  sandbox_.write("b/x/f", "1");
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  const std::set<std::uint64_t> numbers = {
      look_up(*tree, "a").ino.value, look_up(*tree, "b").ino.value, look_up(*tree, "a/x").ino.value,
      look_up(*tree, "b/x").ino.value};
  EXPECT_EQ(numbers.size(), 4U);
  EXPECT_EQ(tree->parent_of(look_up(*tree, "a/x").ino), look_up(*tree, "a").ino);
  EXPECT_EQ(tree->parent_of(look_up(*tree, "a").ino), kRootInode);
  EXPECT_EQ(tree->parent_of(kRootInode), kRootInode);
}

TEST_F(TreeTest, NamesAreBytes) {
  const std::vector<std::string> names = {"with space",  "new\nline",  "\xff\xfe", "-dash",
                                          "caf\xc3\xa9", "\"quoted\"", "tab\t",    "*?["};
  for (const std::string& name : names) sandbox_.write("d/" + name, name);
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  const auto entries = list(*tree, look_up(*tree, "d").ino);
  EXPECT_EQ(entries.size(), names.size());
  for (const std::string& name : names) {
    ASSERT_TRUE(entries.contains(name)) << name;
    EXPECT_EQ(look_up(*tree, "d/" + name).ino, entries.at(name).ino);
  }
}

TEST_F(TreeTest, DeepTreesLinksAndSubmodules) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "d/";
  sandbox_.write(deep + "leaf", "x");
  std::filesystem::create_symlink("some/where", sandbox_.path("link"));
  sandbox_.git({"add", "-A"});
  sandbox_.git({"update-index", "--add", "--cacheinfo",
                "160000,0123456789012345678901234567890123456789,module"});
  sandbox_.git({"commit", "-q", "-m", "x"});
  const auto tree = open("HEAD");
  EXPECT_EQ(look_up(*tree, deep + "leaf").size, 1U);

  const Attributes link = look_up(*tree, "link");
  EXPECT_EQ(link.kind, lfs::EntryKind::symlink);
  EXPECT_EQ(link.size, 10U);
  EXPECT_EQ(must(tree->read_link(link.ino)), "some/where");

  const Attributes module = look_up(*tree, "module");
  EXPECT_EQ(module.kind, lfs::EntryKind::submodule);
  EXPECT_THAT(list(*tree, module.ino), IsEmpty());
  EXPECT_EQ(tree->lookup(module.ino, "x").error().code(), Errc::not_found);
}

TEST_F(TreeTest, HostileTreesShowOnlyLegalNamesOnce) {
  const std::string blob = sandbox_.blob("x");
  std::string id;
  for (std::size_t i = 0; i < blob.size(); i += 2) {
    id.push_back(static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16)));
  }
  std::string bytes;
  for (const char* name : {"..", ".", "a/b", "same", "same", "ok", ".git"}) {
    bytes += "100644 " + std::string(name) + '\0' + id;
  }
  const auto tree = open(sandbox_.commit_tree(sandbox_.raw_tree(bytes)));
  const auto entries = list(*tree, kRootInode);
  EXPECT_TRUE(entries.contains("ok"));
  EXPECT_TRUE(entries.contains("same"));
  for (const char* name : {"..", ".", "a/b"}) EXPECT_FALSE(entries.contains(name)) << name;
}

TEST_F(TreeTest, ReadingAFolderGoesOnFromItsOffset) {
  for (int i = 0; i < 200; ++i) sandbox_.write("f" + std::to_string(i), std::to_string(i));
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  std::vector<std::string> names;
  std::uint64_t offset = 0;
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    int taken = 0;
    const Result<void> read = tree->read_folder(
        kRootInode, offset, [&](std::string_view name, const Attributes& it, std::uint64_t next) {
          if (taken++ == 7) return goes_on = true, false;
          tree->remember(it.ino);
          names.emplace_back(name);
          offset = next;
          return true;
        });
    ASSERT_TRUE(read);
  }
  EXPECT_EQ(names.size(), 200U);
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

TEST_F(TreeTest, ASubfolderKeepsTheAttributesAboveIt) {
  sandbox_.write(".gitattributes", "[attr]big filter=lfs\n*.bin big\na/b/plain.bin -filter\n");
  sandbox_.write("a/.gitattributes", "*.dat filter=lfs\n");
  for (const char* name : {"a/b/x.bin", "a/b/plain.bin", "a/b/c/y.dat"}) {
    sandbox_.write(name, pointer_text(test_oid(1), 1000));
  }
  sandbox_.commit_all();
  const auto tree = open("HEAD", {.subdir = "/a//b/"});
  EXPECT_EQ(look_up(*tree, "x.bin").size, 1000U);
  EXPECT_EQ(look_up(*tree, "c/y.dat").size, 1000U);
  EXPECT_NE(look_up(*tree, "plain.bin").size, 1000U);
  EXPECT_FALSE(Tree::open(repository(), commit("HEAD"), {.subdir = "a/none"}));
  EXPECT_FALSE(Tree::open(repository(), commit("HEAD"), {.subdir = "../x"}));
}

TEST_F(TreeTest, SiblingsFollowInNameOrder) {
  sandbox_.write(".gitattributes", kTrackBin);
  for (unsigned i = 0; i < 6; ++i) {
    sandbox_.write("d/" + std::to_string(i) + ".bin", pointer_text(test_oid(i), 10 + i));
  }
  sandbox_.write("d/2.txt", "plain");
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  const auto sizes = [&](const std::string& path, std::size_t count_max) {
    std::vector<std::uint64_t> found;
    for (const Sibling& sibling : tree->siblings(look_up(*tree, path).ino, count_max)) {
      EXPECT_EQ(sibling.object.oid, test_oid(static_cast<unsigned>(sibling.object.size - 10)));
      found.push_back(sibling.object.size);
    }
    return found;
  };
  EXPECT_THAT(sizes("d/1.bin", 3), ElementsAre(12, 13, 14));
  EXPECT_THAT(sizes("d/5.bin", 2), ElementsAre(10, 11));
}

TEST_F(TreeTest, PreloadKnowsEverything) {
  sandbox_.write(".gitattributes", kTrackBin);
  sandbox_.write("a/b/c.bin", pointer_text(test_oid(1), 1000));
  sandbox_.write("a/d", "12345");
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  std::jthread([&] { tree->preload([] { return false; }); }).join();
  const Tree::Totals totals = tree->totals();
  EXPECT_EQ(totals.files, 3U);
  EXPECT_EQ(totals.folders, 2U);
  EXPECT_EQ(totals.bytes, 1000 + 5 + kTrackBin.size());
}

TEST_F(TreeTest, UnknownInodesAndNamesAreErrors) {
  sandbox_.write("a", "1");
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  const InodeNumber unknown{12345};
  EXPECT_EQ(tree->lookup(kRootInode, "b").error().code(), Errc::not_found);
  EXPECT_EQ(tree->lookup(unknown, "b").error().code(), Errc::not_found);
  EXPECT_EQ(tree->attributes(unknown).error().code(), Errc::not_found);
  EXPECT_FALSE(tree->lookup(look_up(*tree, "a").ino, "b"));
  EXPECT_FALSE(tree->read_link(look_up(*tree, "a").ino));
  tree->forget(unknown, 3);
}

// Goal: whoever enters a folder at the same time as others gets the same answer.
TEST_F(TreeTest, ManyReadersMayEnterAtOnce) {
  for (int folder = 0; folder < 20; ++folder) {
    for (int file = 0; file < 20; ++file) {
      sandbox_.write("d" + std::to_string(folder) + "/f" + std::to_string(file),
                     std::to_string(folder * file));
    }
  }
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  constexpr int kReaders = 4;
  std::latch start(kReaders);
  std::vector<std::jthread> readers;
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&] {
      start.arrive_and_wait();
      for (const auto& [name, attributes] : list(*tree, kRootInode)) {
        (void)tree->is_local(attributes.ino);  // may win or lose the flight
        EXPECT_EQ(list(*tree, look_up(*tree, name).ino).size(), 20U);
      }
    });
  }
  readers.clear();
  EXPECT_EQ(tree->totals().files, 400U);
}

// Goal: the mount of a repository made by git-lfs equals the checkout by git-lfs.
TEST_F(TreeTest, SizesEqualAGitLfsCheckout) {
  sandbox_.git({"lfs", "install", "--local"});
  sandbox_.git({"lfs", "track", "*.bin", "data/**"});
  const std::map<std::string, std::string> files = {{"a.bin", std::string(5000, 'x')},
                                                    {"data/deep/er/b", "small"},
                                                    {"data/empty", ""},
                                                    {"plain", "text\n"},
                                                    {"with space.bin", "spaced"}};
  for (const auto& [name, text] : files) sandbox_.write(name, text);
  sandbox_.commit_all();
  const auto tree = open("HEAD");
  for (const auto& [name, text] : files) {
    const Attributes found = look_up(*tree, name);
    EXPECT_EQ(found.size, text.size()) << name;
    EXPECT_EQ(must(tree->content(found.ino)).is_lfs, name != "plain" && !text.empty()) << name;
  }
}

class BloblessTreeTest : public TreeTest {
 protected:
  // `repository_` becomes a blobless clone of the sandbox.
  void clone() {
    sandbox_.git({"config", "uploadpack.allowFilter", "true"});
    sandbox_.git({"config", "uploadpack.allowAnySHA1InWant", "true"});
    clone_ = sandbox_.folder() + "-clone";
    sandbox_.git(
        {"clone", "-q", "--bare", "--filter=blob:none", "file://" + sandbox_.folder(), clone_});
    repository_.emplace(must(lfs::Repository::discover(clone_)));
  }
  std::string clone_;
};

TEST_F(BloblessTreeTest, MissingBlobsAreFetchedOnceAFolder) {
  sandbox_.write(".gitattributes", kTrackBin);
  for (unsigned i = 0; i < 30; ++i) {
    sandbox_.write("d/" + std::to_string(i) + ".bin", pointer_text(test_oid(i), i));
  }
  sandbox_.commit_all();
  clone();
  const auto tree = open("HEAD");
  EXPECT_FALSE(tree->is_local(kRootInode));
  const Attributes folder = look_up(*tree, "d");
  EXPECT_TRUE(tree->is_local(kRootInode));
  EXPECT_FALSE(tree->is_local(folder.ino));
  const auto entries = list(*tree, folder.ino);
  EXPECT_EQ(entries.at("7.bin").size, 7U);
  EXPECT_TRUE(tree->is_local(folder.ino));
}

TEST_F(BloblessTreeTest, PreloadFetchesWholeLevels) {
  sandbox_.write(".gitattributes", kTrackBin);
  for (unsigned i = 0; i < 30; ++i) {
    sandbox_.write("d" + std::to_string(i) + "/x.bin", pointer_text(test_oid(i), 1));
  }
  sandbox_.commit_all();
  clone();
  const auto tree = open("HEAD");
  std::jthread([&] { tree->preload([] { return false; }); }).join();
  EXPECT_EQ(tree->totals().files, 31U);
  // One pack for the root's blobs and one for the thirty folders' below.
  const auto packs = [&] {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(clone_ + "/objects/pack")) {
      count += file.path().extension() == ".pack" ? 1U : 0U;
    }
    return count;
  }();
  EXPECT_LE(packs, 3U);
}

TEST_F(BloblessTreeTest, WithoutTheRemoteTheFolderIsAnError) {
  sandbox_.write("a", "1");
  sandbox_.commit_all();
  clone();
  const auto tree = open("HEAD");
  std::filesystem::rename(sandbox_.folder(), sandbox_.folder() + "-gone");
  EXPECT_FALSE(tree->lookup(kRootInode, "a"));
  std::filesystem::rename(sandbox_.folder() + "-gone", sandbox_.folder());
  EXPECT_TRUE(tree->lookup(kRootInode, "a")) << "a failure is not remembered";
}

}  // namespace
}  // namespace lazylfs::fs
