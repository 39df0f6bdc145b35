#include "lfs/worktree/work_tree_writer.h"

#include <gtest/gtest.h>

#include "lfs/worktree/file_writer.h"
#include "tests/unit/scan/scan_fixture.h"

namespace lazylfs::lfs {
namespace {

class WorkTreeWriterTest : public ScanFixture {
 protected:
  WorkTreeWriterTest() {
    init();
    write("r/.gitattributes", "*.bin filter=lfs\n");
    write("r/dir/a.bin", pointer_of(kContent));
    commit("r");
    const std::string oid = Sha256::of(kContent).hex();
    write("r/.git/lfs/objects/" + oid.substr(0, 2) + '/' + oid.substr(2, 2) + '/' + oid, kContent);
  }

  Result<CheckoutState> check_out(bool refresh = false) {
    const Repository repository = open();
    const ObjectStore store = ObjectStore::of(repository);
    const auto writer = WorkTreeWriter::open(repository, store).value();
    const GitOid tree = repository.resolve_commit("HEAD")->tree;
    const auto files = pointers_in_tree(repository, tree, {}).value();
    Result<CheckoutState> state = writer->check_out(files.at(0));
    EXPECT_TRUE(!refresh || writer->refresh_index());
    return state;
  }
  std::string text(const std::string& name) { return read_file(path(name), 1000).value_or(""); }

  static constexpr const char* kContent = "the content";
};

TEST_F(WorkTreeWriterTest, APointerBecomesItsContentAndKeepsItsMode) {
  std::filesystem::permissions(path("r/dir/a.bin"), std::filesystem::perms(0750));
  EXPECT_EQ(check_out().value(), CheckoutState::written);
  EXPECT_EQ(text("r/dir/a.bin"), kContent);
  EXPECT_EQ(std::filesystem::status(path("r/dir/a.bin")).permissions(),
            std::filesystem::perms(0750));
}

TEST_F(WorkTreeWriterTest, AMissingFolderIsMade) {
  std::filesystem::remove_all(path("r/dir"));
  EXPECT_EQ(check_out().value(), CheckoutState::written);
  EXPECT_EQ(text("r/dir/a.bin"), kContent);
}

TEST_F(WorkTreeWriterTest, AFileThatTheIndexLostIsNotWritten) {
  git("r", {"rm", "-q", "--cached", "dir/a.bin"});
  std::filesystem::remove_all(path("r/dir"));
  EXPECT_EQ(check_out().value(), CheckoutState::untouched);
  EXPECT_FALSE(std::filesystem::exists(path("r/dir")));
}

TEST_F(WorkTreeWriterTest, AChangedFileIsLeftAlone) {
  write("r/dir/a.bin", pointer_of("something else"));
  EXPECT_EQ(check_out().value(), CheckoutState::untouched);
  EXPECT_EQ(text("r/dir/a.bin"), pointer_of("something else"));
}

TEST_F(WorkTreeWriterTest, AnAbsentObjectIsTold) {
  std::filesystem::remove_all(path("r/.git/lfs"));
  EXPECT_EQ(check_out().value(), CheckoutState::object_absent);
  EXPECT_EQ(text("r/dir/a.bin"), pointer_of(kContent));
}

TEST_F(WorkTreeWriterTest, AMissingFileOfAnAbsentObjectBecomesItsPointer) {
  std::filesystem::remove_all(path("r/.git/lfs"));
  std::filesystem::remove_all(path("r/dir"));
  EXPECT_EQ(check_out().value(), CheckoutState::object_absent);
  EXPECT_EQ(text("r/dir/a.bin"), pointer_of(kContent));
}

TEST_F(WorkTreeWriterTest, NeitherLinkedFoldersNorLinksAreFollowed) {
  std::filesystem::rename(path("r/dir"), path("outside"));
  std::filesystem::create_directory_symlink(path("outside"), path("r/dir"));
  const auto through_folder = check_out();
  ASSERT_FALSE(through_folder);
  EXPECT_EQ(through_folder.error().code(), Errc::invalid);
  EXPECT_EQ(text("outside/a.bin"), pointer_of(kContent));

  std::filesystem::remove(path("r/dir"));
  std::filesystem::create_directory(path("r/dir"));
  std::filesystem::create_symlink(path("outside/a.bin"), path("r/dir/a.bin"));
  EXPECT_FALSE(check_out());
  EXPECT_EQ(text("outside/a.bin"), pointer_of(kContent));
}

TEST_F(WorkTreeWriterTest, TheIndexLearnsWhatTheFileLooksLike) {
  ASSERT_TRUE(check_out(true));
  const Repository repository = open();
  const Index index = repository.read_index().value();
  const IndexEntry* entry = index.find("dir/a.bin");
  ASSERT_NE(entry, nullptr);
  struct stat status {};
  ASSERT_EQ(::stat(path("r/dir/a.bin").c_str(), &status), 0);
  EXPECT_EQ(entry->stamp.inode, static_cast<std::uint32_t>(status.st_ino));
  EXPECT_EQ(entry->stamp.size, status.st_size);
  EXPECT_NE(compare_stamp(index, *entry, status), FileState::changed);
  EXPECT_FALSE(std::filesystem::exists(path("r/.git/index.lock")));
}

TEST_F(WorkTreeWriterTest, AnIndexThatSomebodyHoldsIsLeftAlone) {
  write("r/.git/index.lock", "held");
  const std::string before = text("r/.git/index");
  ASSERT_TRUE(check_out(true));
  EXPECT_EQ(text("r/.git/index"), before);
  EXPECT_EQ(text("r/.git/index.lock"), "held");
}

TEST_F(WorkTreeWriterTest, WithoutTheFilterTheIndexIsLeftToGit) {
  write("r/.gitattributes", "*.bin -filter\n");
  ASSERT_TRUE(check_out(true));
  EXPECT_EQ(git("r", {"diff-files", "--name-only", "--", "dir"}), "dir/a.bin");
}

TEST_F(WorkTreeWriterTest, AnObjectReplacesALinkAndAnEmptyFolderButNoFullOne) {
  write("source", "new");
  write("target", "kept");
  std::filesystem::create_symlink("target", path("link"));
  ASSERT_TRUE(write_object_to(path("source"), path("link")));
  EXPECT_EQ(text("link"), "new");
  EXPECT_EQ(text("target"), "kept");
  std::filesystem::create_directory(path("folder"));
  EXPECT_TRUE(write_object_to(path("source"), path("folder")));
  write("full/file", "x");
  EXPECT_FALSE(write_object_to(path("source"), path("full")));
}

}  // namespace
}  // namespace lazylfs::lfs
