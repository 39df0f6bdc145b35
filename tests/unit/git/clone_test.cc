#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/git/repository.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;

class CloneTest : public GitFixture {
 protected:
  // Three commits, a tag on the second, a branch, a ref of an odd kind.
  void make_origin(bool can_filter = true) {
    make_repository("origin");
    commit("origin", "second");
    git("origin", {"tag", "-a", "-m", "t", "v1.0"});
    git("origin", {"branch", "side"});
    git("origin", {"update-ref", "refs/pull/1/head", "HEAD~1"});
    write("origin/new.txt", "new\n");
    commit("origin", "third");
    if (can_filter) git("origin", {"config", "uploadpack.allowFilter", "true"});
  }
  std::string url() const { return "file://" + path("origin"); }
  std::string id(const std::string& revision) {
    return git("origin", {"rev-parse", revision + "^{commit}"});
  }
  Result<void> clone(const std::string& ref, bool shallow = true) {
    return clone_repository({url(), path("cache/c.git"), ref, shallow, false});
  }
  std::string commit_of(const std::string& ref) {
    const Result<Repository> repository = Repository::discover(path("cache/c.git"));
    if (!repository) return repository.error().message();
    const Result<Commit> commit = repository->resolve_commit(ref);
    return commit ? commit->oid.hex() : commit.error().message();
  }
  std::vector<std::string> left_behind() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path("cache"))) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
};

TEST_F(CloneTest, TheRemotesHeadIsClonedBareShallowAndWithoutBlobs) {
  make_origin();
  const Result<void> cloned = clone("");
  ASSERT_TRUE(cloned) << cloned.error().message();
  EXPECT_EQ(commit_of("HEAD"), id("main"));
  EXPECT_TRUE(file_exists(path("cache/c.git/shallow")));
  const Result<Repository> repository = Repository::discover(path("cache/c.git"));
  EXPECT_TRUE(repository->is_bare());
  EXPECT_EQ(repository->current_branch(), "refs/heads/main");
  const GitOid blob = *GitOid::parse(git("origin", {"rev-parse", "main:a.txt"}));
  EXPECT_TRUE(repository->blob_header(blob)->missing);
  EXPECT_TRUE(repository->fetch_missing({blob}));
  EXPECT_EQ(*repository->read_blob(blob, 100), "alpha\n");
  EXPECT_EQ(git("cache/c.git", {"config", "remote.origin.url"}), url());
  EXPECT_EQ(left_behind(), std::vector<std::string>{"c.git"});
}

TEST_F(CloneTest, ABranchATagAndACommitIdAreCloned) {
  make_origin();
  const std::string second = id("v1.0");
  for (const std::string& ref : {std::string("side"), std::string("refs/heads/side"),
                                 std::string("v1.0"), std::string("refs/tags/v1.0"), second}) {
    const Result<void> cloned = clone(ref);
    ASSERT_TRUE(cloned) << ref << ": " << cloned.error().message();
    EXPECT_EQ(commit_of(ref), second) << ref;
    EXPECT_EQ(commit_of("HEAD"), second) << ref;
    EXPECT_TRUE(file_exists(path("cache/c.git/shallow"))) << ref;
    std::filesystem::remove_all(path("cache/c.git"));
  }
}

TEST_F(CloneTest, AnAbbreviatedIdAndAnAncestorNeedTheHistory) {
  make_origin();
  const std::string first = id("main~2");
  for (const std::string& ref : {first.substr(0, 10), std::string("main~2")}) {
    const Result<void> cloned = clone(ref);
    ASSERT_TRUE(cloned) << ref << ": " << cloned.error().message();
    EXPECT_EQ(commit_of(ref), first);
    EXPECT_FALSE(file_exists(path("cache/c.git/shallow")));
    std::filesystem::remove_all(path("cache/c.git"));
  }
}

TEST_F(CloneTest, ARefOfAnotherKindIsCloned) {
  make_origin();
  const Result<void> cloned = clone("refs/pull/1/head");
  ASSERT_TRUE(cloned) << cloned.error().message();
  EXPECT_EQ(commit_of("refs/pull/1/head"), id("main~2"));
  EXPECT_EQ(commit_of("HEAD"), id("main~2"));
}

TEST_F(CloneTest, AFullCloneHasTheHistory) {
  make_origin();
  ASSERT_TRUE(clone("", false));
  EXPECT_EQ(commit_of("HEAD~2"), id("main~2"));
  EXPECT_EQ(commit_of("v1.0"), id("v1.0"));
}

TEST_F(CloneTest, AServerThatCannotFilterGivesEverything) {
  make_origin(false);
  for (const std::string& ref : {std::string(), id("v1.0")}) {
    const Result<void> cloned = clone(ref);
    ASSERT_TRUE(cloned) << cloned.error().message();
    const Result<Repository> repository = Repository::discover(path("cache/c.git"));
    const GitOid blob = *GitOid::parse(git("origin", {"rev-parse", "main:a.txt"}));
    EXPECT_EQ(*repository->read_blob(blob, 100), "alpha\n");
    std::filesystem::remove_all(path("cache/c.git"));
  }
}

TEST_F(CloneTest, ALocalPathIsCloned) {
  make_origin();
  ASSERT_TRUE(clone_repository({path("origin"), path("cache/c.git"), "v1.0", true, false}));
  EXPECT_EQ(commit_of("HEAD"), id("v1.0"));
}

TEST_F(CloneTest, AnUnknownRefIsNamedAndANearOneSuggested) {
  make_origin();
  const Result<void> cloned = clone("sidr");
  ASSERT_FALSE(cloned);
  EXPECT_EQ(cloned.error().code(), Errc::not_found);
  EXPECT_EQ(cloned.error().message(),
            "no branch, tag or commit 'sidr' in " + url() + "; did you mean 'side'?");
  for (const char* ref : {"refs/pull/9/head", "abcdef12", "main~9"}) {
    const Result<void> none = clone(ref);
    ASSERT_FALSE(none) << ref;
    EXPECT_EQ(none.error().code(), Errc::not_found) << none.error().message();
  }
  EXPECT_FALSE(clone(std::string(40, 'a')));
  EXPECT_TRUE(left_behind().empty());
}

TEST_F(CloneTest, AFailureLeavesNothingBehindAndTellsWhy) {
  const Result<void> cloned =
      clone_repository({"file://" + path("nowhere"), path("cache/c.git"), "", true, false});
  ASSERT_FALSE(cloned);
  EXPECT_THAT(cloned.error().message(), HasSubstr("git says: "));
  EXPECT_THAT(cloned.error().message(), HasSubstr("nowhere"));
  EXPECT_TRUE(left_behind().empty());
}

TEST_F(CloneTest, AnExistingFolderIsKept) {
  make_origin();
  write("cache/c.git/precious", "x");
  const Result<void> cloned = clone("");
  ASSERT_FALSE(cloned);
  EXPECT_EQ(cloned.error().code(), Errc::exists);
  EXPECT_TRUE(file_exists(path("cache/c.git/precious")));
}

TEST_F(CloneTest, AnUpdateBringsTheBranchAndStaysShallow) {
  make_origin();
  ASSERT_TRUE(clone("side"));
  git("origin", {"checkout", "-q", "side"});
  commit("origin", "fourth");
  commit("origin", "fifth");
  const Result<void> updated = update_clone(path("cache/c.git"), "side", false);
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ(commit_of("side"), id("side"));
  EXPECT_EQ(git("cache/c.git", {"rev-list", "--count", "side"}), "1");

  // History rewritten on the server is followed too.
  git("origin", {"reset", "-q", "--hard", "main"});
  ASSERT_TRUE(update_clone(path("cache/c.git"), "refs/heads/side", false));
  EXPECT_EQ(commit_of("side"), id("main"));
}

TEST_F(CloneTest, AnUpdateOfHeadOfAllRefsAndOfANewTag) {
  make_origin();
  ASSERT_TRUE(clone(""));
  commit("origin", "fourth");
  ASSERT_TRUE(update_clone(path("cache/c.git"), "HEAD", false));
  EXPECT_EQ(commit_of("HEAD"), id("main"));
  git("origin", {"tag", "v2.0"});
  const Result<void> tagged = update_clone(path("cache/c.git"), "v2.0", false);
  ASSERT_TRUE(tagged) << tagged.error().message();
  EXPECT_EQ(commit_of("v2.0"), id("v2.0"));
  ASSERT_TRUE(update_clone(path("cache/c.git"), "", false));
  EXPECT_EQ(commit_of("side"), id("side"));
  EXPECT_EQ(commit_of("v1.0"), id("v1.0"));
  ASSERT_TRUE(update_clone(path("cache/c.git"), id("main~1"), false));
  EXPECT_EQ(commit_of(id("main~1")), id("main~1"));
}

TEST_F(CloneTest, AnUpdateOfAnUnknownRefIsNotFound) {
  make_origin();
  ASSERT_TRUE(clone(""));
  const Result<void> updated = update_clone(path("cache/c.git"), "gone", false);
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code(), Errc::not_found) << updated.error().message();
}

}  // namespace
}  // namespace lazylfs::lfs
