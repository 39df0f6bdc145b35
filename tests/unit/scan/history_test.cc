#include "lfs/git/history.h"

#include <gtest/gtest.h>

#include "lfs/scan/history_scan.h"
#include "lfs/scan/recent.h"
#include "tests/unit/scan/scan_fixture.h"

namespace lazylfs::lfs {
namespace {

using Paths = std::vector<std::string>;

class HistoryScanTest : public ScanFixture {
 protected:
  Paths scan(const HistoryRange& range) {
    Paths paths;
    const Repository repository = open();
    EXPECT_TRUE(scan_history(repository, range, true, [&](const PointerFile& file) {
      paths.push_back(file.path);
      return Result<void>();
    }));
    return paths;
  }
};

TEST_F(HistoryScanTest, FindsEveryVersionOnce) {
  init();
  commit_pointer("a.bin", "one");
  commit_pointer("a.bin", "two");
  commit_pointer("copy.bin", "two");
  EXPECT_EQ(scan({{head()}, {}}), (Paths{"a.bin", "a.bin"}));
}

TEST_F(HistoryScanTest, LeavesOutWhatTheOtherSideHas) {
  init();
  const GitOid first = commit_pointer("a.bin", "one");
  commit_pointer("b.bin", "two");
  EXPECT_EQ(scan({{head()}, {first}}), (Paths{"b.bin"}));
  EXPECT_EQ(scan({{first}, {head()}}), Paths{});
  EXPECT_EQ(scan({{head()}, {head()}}), Paths{});
}

TEST_F(HistoryScanTest, AFileThatMovedSinceIsKnownThere) {
  init();
  const GitOid first = commit_pointer("a.bin", "one");
  git("r", {"mv", "a.bin", "moved.bin"});
  commit("r");
  EXPECT_EQ(scan({{head()}, {first}}), Paths{});
}

TEST_F(HistoryScanTest, BothSidesOfAMergeAreWalked) {
  init();
  const GitOid base = commit_pointer("base.bin", "base");
  git("r", {"checkout", "-q", "-b", "side"});
  commit_pointer("side.bin", "side");
  git("r", {"checkout", "-q", "main"});
  commit_pointer("main.bin", "main");
  git("r", {"merge", "-q", "--no-edit", "side"});
  Paths paths = scan({{head()}, {base}});
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths, (Paths{"main.bin", "side.bin"}));
  EXPECT_EQ(scan({{head()}, {head("side")}}), (Paths{"main.bin"}));
}

TEST_F(HistoryScanTest, WrongClocksDoNotHideWhatIsExcluded) {
  init();
  const ScopedEnvironment late("GIT_COMMITTER_DATE", "1800000000 +0000");
  commit_pointer("a.bin", "one");
  const ScopedEnvironment early("GIT_COMMITTER_DATE", "1000000000 +0000");
  const GitOid second = commit_pointer("b.bin", "two");
  const ScopedEnvironment later("GIT_COMMITTER_DATE", "1900000000 +0000");
  commit_pointer("c.bin", "three");
  EXPECT_EQ(scan({{head()}, {second}}), (Paths{"c.bin"}));
}

TEST_F(HistoryScanTest, PathsOfOtherBlobsAreToldToWhoAsks) {
  init();
  write("r/plain.txt", "text");
  write("r/large.txt", std::string(5000, 'x'));
  commit_pointer("a.bin", "one");
  Paths others;
  const Repository repository = open();
  ASSERT_TRUE(scan_history(
      repository, {{head()}, {}}, true, [](const PointerFile&) { return Result<void>(); },
      [&](const std::string& path) { others.push_back(path); }));
  EXPECT_EQ(others, (Paths{"large.txt", "plain.txt"}));
}

TEST_F(HistoryScanTest, AShallowCloneEndsAtItsBoundary) {
  init();
  commit_pointer("a.bin", "one");
  commit_pointer("b.bin", "two");
  git("", {"clone", "-q", "--depth=1", "file://" + path("r"), "shallow"});
  const Repository repository = Repository::discover(path("shallow")).value();
  WalkOptions options;
  options.include = {head()};
  const auto walk = walk_commits(repository, options);
  ASSERT_TRUE(walk) << walk.error().message();
  EXPECT_EQ(walk->commits.size(), 1U);
}

TEST_F(HistoryScanTest, AnUnknownCommitIsPassedOver) {
  init();
  commit_pointer("a.bin", "one");
  const GitOid unknown = GitOid::parse(std::string(40, 'a')).value();
  EXPECT_EQ(scan({{head()}, {unknown}}), (Paths{"a.bin"}));
  EXPECT_EQ(scan({{unknown}, {}}), Paths{});
}

TEST_F(HistoryScanTest, PreviousVersionsAreWhatCommitsReplacedOrRemoved) {
  init();
  commit_pointer("a.bin", "one");
  commit_pointer("folder/b.bin", "two");
  commit_pointer("a.bin", "three");
  git("r", {"rm", "-q", "folder/b.bin"});
  commit("r");
  Paths found;
  const Repository repository = open();
  ASSERT_TRUE(scan_previous_versions(repository, head(), 0, [&](const PointerFile& file) {
    found.push_back(file.path + '=' + std::to_string(file.pointer.size));
    return Result<void>();
  }));
  EXPECT_EQ(found, (Paths{"folder/b.bin=3", "a.bin=3"}));
}

TEST_F(HistoryScanTest, RecentRefsAreThoseOfYoungCommitsNewestFirst) {
  init();
  const ScopedEnvironment old_date("GIT_COMMITTER_DATE", "1000000000 +0000");
  commit_pointer("a.bin", "one");
  git("r", {"branch", "old"});
  git("r", {"update-ref", "refs/remotes/origin/old", "HEAD"});
  const ScopedEnvironment new_date("GIT_COMMITTER_DATE", "1800000000 +0000");
  commit_pointer("a.bin", "two");
  git("r", {"update-ref", "refs/remotes/origin/new", "HEAD"});
  git("r", {"update-ref", "refs/remotes/other/new", "HEAD"});
  const Repository repository = open();
  const auto names = [&](std::int64_t since, bool remotes) {
    Paths result;
    for (const RecentRef& ref : *recent_refs(repository, since, remotes, "origin")) {
      result.push_back(ref.name);
    }
    return result;
  };
  EXPECT_EQ(names(1'500'000'000, true), (Paths{"refs/heads/main", "refs/remotes/origin/new"}));
  EXPECT_EQ(names(1'500'000'000, false), (Paths{"refs/heads/main"}));
  EXPECT_EQ(names(0, false), (Paths{"refs/heads/main", "refs/heads/old"}));
}

}  // namespace
}  // namespace lazylfs::lfs
