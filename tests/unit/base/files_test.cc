#include "lfs/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

namespace lazylfs {
namespace {

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lazylfs-base-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
  }
  ~FilesTest() override { std::filesystem::remove_all(root_); }
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(root_), {}));
  }
  std::string root_;
};

TEST_F(FilesTest, AFileIsReplacedAtomicallyAndNothingIsLeft) {
  ASSERT_TRUE(write_file_atomically(path("f"), "one"));
  ASSERT_TRUE(write_file_atomically(path("f"), "two", Durability::synced, 0600));
  EXPECT_EQ(*read_file(path("f"), 100), "two");
  struct stat status {};
  ASSERT_EQ(::stat(path("f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(count(), 1U);
}

TEST_F(FilesTest, AFailedReplacementLeavesNothing) {
  ASSERT_TRUE(make_folders(path("f/inside")));
  EXPECT_FALSE(write_file_atomically(path("f"), "text"));  // a folder is in the way
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(write_file_atomically(path("none/f"), "x").error().code(), Errc::not_found);
}

TEST_F(FilesTest, ReadingIsBounded) {
  ASSERT_TRUE(write_file_atomically(path("f"), "12345"));
  EXPECT_EQ(*read_file(path("f"), 5), "12345");
  EXPECT_EQ(read_file(path("f"), 4).error().code(), Errc::invalid);
  EXPECT_EQ(read_file(path("gone"), 4).error().code(), Errc::not_found);
  const std::string big(200000, 'x');
  ASSERT_TRUE(write_file_atomically(path("big"), big));
  EXPECT_TRUE(*read_file(path("big"), big.size()) == big);
}

TEST_F(FilesTest, FoldersAreMadeWithTheirParents) {
  ASSERT_TRUE(make_folders(path("a/b/c")));
  EXPECT_TRUE(is_folder(path("a/b/c")));
  EXPECT_TRUE(make_folders(path("a/b/c")));
  ASSERT_TRUE(write_file_atomically(path("a/file"), ""));
  EXPECT_FALSE(make_folders(path("a/file")));
  EXPECT_FALSE(make_folders(path("a/file/deeper")));
  EXPECT_TRUE(sync_folder(path("a")));
  EXPECT_FALSE(sync_folder(path("a/file")));
}

TEST_F(FilesTest, ExistenceIsTheNamesAndFoldersTheTargets) {
  std::filesystem::create_symlink("nowhere", path("dangling"));
  std::filesystem::create_directory_symlink(root_, path("link"));
  EXPECT_TRUE(file_exists(path("dangling")));
  EXPECT_FALSE(is_folder(path("dangling")));
  EXPECT_TRUE(is_folder(path("link")));
  EXPECT_FALSE(file_exists(path("gone")));
}

TEST(Paths, AreSplitAndMadeAbsoluteAsText) {
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("a"), ".");
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("b"), "b");
  EXPECT_EQ(absolute_path("/a/./b/../c/"), "/a/c");
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("x"), std::filesystem::current_path().string() + "/x");
  EXPECT_EQ(absolute_path("."), std::filesystem::current_path().string());
}

TEST_F(FilesTest, RangesAreReadAndWrittenWhole) {
  const Result<Fd> file = open_file(path("f"), O_RDWR | O_CREAT);
  ASSERT_TRUE(file);
  ASSERT_TRUE(pwrite_all(file->get(), as_bytes("world"), 6));
  ASSERT_TRUE(pwrite_all(file->get(), as_bytes("hello "), 0));
  std::array<std::byte, 20> buffer{};
  const Result<std::size_t> got = pread_full(file->get(), buffer, 0);
  ASSERT_TRUE(got);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(buffer.data()), *got), "hello world");
  EXPECT_EQ(*pread_full(file->get(), buffer, 9), 2U);
  EXPECT_EQ(*pread_full(file->get(), buffer, 50), 0U);
  EXPECT_FALSE(pread_full(-1, buffer, 0));
  EXPECT_FALSE(write_all(-1, "x"));
}

TEST_F(FilesTest, DescriptorsAreClosedAndNotInherited) {
  int number = -1;
  {
    Fd file = *open_file(path("f"), O_RDWR | O_CREAT);
    number = file.get();
    EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
    Fd moved = std::move(file);
    EXPECT_FALSE(file);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved.get(), number);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  Fd released = *open_file(path("f"), O_RDONLY);
  Fd owner(released.release());
  EXPECT_FALSE(released);
  EXPECT_TRUE(owner);
  owner.reset();
  EXPECT_FALSE(owner);
}

TEST(Pipes, CarryMoreThanTheirBuffer) {
  Pipe pipe = *make_pipe();
  const std::string text(300000, 'p');
  std::jthread writer([&] {
    EXPECT_TRUE(write_all(pipe.write_end.get(), text));
    pipe.write_end.reset();
  });
  const Result<std::string> got = read_to_end(pipe.read_end.get(), 1U << 20U);
  ASSERT_TRUE(got);
  EXPECT_TRUE(*got == text);
}

}  // namespace
}  // namespace lazylfs
