#include <gtest/gtest.h>

#include "lfs/scan/pointer_scan.h"
#include "lfs/scan/work_tree_changes.h"
#include "tests/unit/scan/scan_fixture.h"

namespace lazylfs::lfs {
namespace {

class ChangesTest : public ScanFixture {
 protected:
  // "staged: A new.bin" and the like.
  std::vector<std::string> changes() {
    const Repository repository = open();
    const Result<Commit> commit = repository.resolve_commit("HEAD");
    const auto found = work_tree_changes(repository, commit ? &commit->tree : nullptr);
    EXPECT_TRUE(found) << found.error().message();
    std::vector<std::string> told;
    if (!found) return told;
    for (const IndexChange& change : found->staged) told.push_back("staged " + text(change));
    for (const IndexChange& change : found->unstaged) told.push_back("unstaged " + text(change));
    return told;
  }
  static std::string text(const IndexChange& change) {
    std::string result = change.status + (' ' + change.source);
    return change.target.empty() ? result : result + " -> " + change.target;
  }
  using Told = std::vector<std::string>;
};

TEST_F(ChangesTest, ACleanWorkTreeHasNone) {
  make_repository("r");
  EXPECT_EQ(changes(), Told{});
}

TEST_F(ChangesTest, AreToldAsGitTellsThem) {
  make_repository("r");
  write("r/a.txt", "changed\n");
  write("r/new.txt", "new\n");
  git("r", {"add", "new.txt"});
  git("r", {"mv", "dir/b.txt", "moved.txt"});
  std::filesystem::remove(path("r/run"));
  EXPECT_EQ(changes(), (Told{"staged R dir/b.txt -> moved.txt", "staged A new.txt",
                             "unstaged M a.txt", "unstaged D run"}));
}

TEST_F(ChangesTest, BeforeTheFirstCommitEverythingIsNew) {
  init();
  write("r/a.txt", "a");
  git("r", {"add", "a.txt"});
  EXPECT_EQ(changes(), (Told{"staged A a.txt"}));
}

TEST_F(ChangesTest, AnEmptyRepositoryHasNone) {
  init();
  EXPECT_EQ(changes(), Told{});
}

TEST_F(ChangesTest, NamesAreNotQuoted) {
  make_repository("r");
  write("r/new\nline \"\xff.txt", "x");
  git("r", {"add", "-A"});
  EXPECT_EQ(changes(), (Told{"staged A new\nline \"\xff.txt"}));
}

TEST_F(ChangesTest, AFolderBehindALinkIsGone) {
  make_repository("r");
  std::filesystem::rename(path("r/dir"), path("elsewhere"));
  std::filesystem::create_directory_symlink(path("elsewhere"), path("r/dir"));
  EXPECT_EQ(changes(), (Told{"unstaged D dir/b.txt"}));
}

TEST_F(ChangesTest, ASplitIndexIsReadByGit) {
  make_repository("r");
  git("r", {"update-index", "--split-index"});
  EXPECT_EQ(changes(), Told{});
  write("r/a.txt", "changed\n");
  EXPECT_EQ(changes(), (Told{"unstaged M a.txt"}));
}

TEST_F(ChangesTest, FilesOutsideOfASparseCheckoutAreNotMissing) {
  make_repository("r");
  git("r", {"sparse-checkout", "set", "--no-cone", "/a.txt"});
  ASSERT_FALSE(std::filesystem::exists(path("r/dir")));
  EXPECT_EQ(changes(), Told{});
}

TEST_F(ChangesTest, AnLfsFileOfTheStagedObjectIsUnchangedWithoutItsFilter) {
  init();
  write("r/.gitattributes", "*.bin filter=lfs\n");
  write("r/a.bin", pointer_of("content"));
  commit("r");
  git("r", {"config", "filter.lfs.clean", "false"});
  git("r", {"config", "filter.lfs.required", "true"});
  write("r/a.bin", "content");
  EXPECT_EQ(changes(), Told{});
}

TEST_F(ChangesTest, PointersOfATreeAreFoundInGitsOrder) {
  init();
  write("r/a.txt", "text");
  write("r/a/z.bin", pointer_of("one"));
  write("r/a-b.bin", pointer_of("two"));
  write("r/empty.bin", "");
  commit("r");
  std::filesystem::create_symlink("a-b.bin", path("r/link.bin"));
  commit("r");
  const Repository repository = open();
  std::vector<std::string> paths;
  const GitOid tree = repository.resolve_commit("HEAD")->tree;
  for (const PointerFile& file : *pointers_in_tree(repository, tree, {})) {
    paths.push_back(file.path);
  }
  EXPECT_EQ(paths, (Told{"a-b.bin", "a/z.bin", "empty.bin"}));
}

TEST_F(ChangesTest, MissingBlobsOfAPartialCloneAreFetchedAtOnce) {
  init();
  write("r/.gitattributes", "*.bin filter=lfs\n");
  for (int i = 0; i < 20; ++i) {
    write("r/" + std::to_string(i) + ".bin", pointer_of(std::to_string(i)));
  }
  write("r/plain.txt", "text");
  commit("r");
  git("r", {"config", "uploadpack.allowFilter", "true"});
  git("r", {"config", "uploadpack.allowAnySHA1InWant", "true"});
  const std::string url = "file://" + path("r");
  for (const char* kind : {"--no-checkout", "--bare"}) {
    git("", {"clone", "-q", "--filter=blob:none", kind, url, std::string("clone") + kind});
    const ScopedEnvironment trace("GIT_TRACE", path("trace"));
    const Repository repository = Repository::discover(path(std::string("clone") + kind)).value();
    const GitOid tree = repository.resolve_commit("HEAD")->tree;
    const auto files = pointers_in_tree(repository, tree, {});
    ASSERT_TRUE(files) << files.error().message();
    EXPECT_EQ(files->size(), 20U) << kind;
    const std::string trace_text = read_file(path("trace"), 1U << 20U).value();
    std::size_t fetches = 0;
    for (const std::string_view line : split(trace_text, '\n')) {
      if (line.find("trace: built-in: git") != std::string_view::npos &&
          line.find(" fetch ") != std::string_view::npos) {
        ++fetches;
      }
    }
    EXPECT_LE(fetches, 2U) << trace_text;
    EXPECT_GE(fetches, 1U);
    std::filesystem::remove(path("trace"));
  }
}

}  // namespace
}  // namespace lazylfs::lfs
