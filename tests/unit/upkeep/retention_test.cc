#include "lfs/upkeep/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/scan/scan_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::UnorderedElementsAre;

constexpr std::int64_t kNow = 1700000000;
constexpr std::int64_t kDay = 24 * 3600;

class RetentionTest : public ScanFixture {
 protected:
  GitOid commit_at(std::int64_t days_ago, const std::string& path, const std::string& content) {
    const std::string date = std::to_string(kNow - days_ago * kDay) + " +0000";
    const ScopedEnvironment committed("GIT_COMMITTER_DATE", date.c_str());
    return commit_pointer(path, content);
  }
  void pushed(const std::string& revision = "HEAD") {
    git("r", {"update-ref", "refs/remotes/origin/main", revision});
  }
  std::vector<Oid> retained(RetentionOptions options = {}) {
    options.now = kNow;
    const auto kept = retained_objects(open(), options);
    EXPECT_TRUE(kept) << kept.error().message();
    return kept ? std::vector<Oid>(kept->begin(), kept->end()) : std::vector<Oid>();
  }
  static Oid oid(const std::string& content) { return Sha256::of(content); }
};

TEST_F(RetentionTest, KeepsWhatIsCheckedOutAndNotWhatWasPushedBefore) {
  init();
  commit_at(30, "a.bin", "one");
  commit_at(20, "a.bin", "two");
  pushed();
  EXPECT_THAT(retained(), UnorderedElementsAre(oid("two")));
  RetentionOptions force;
  force.recent = force.current = false;
  EXPECT_THAT(retained(force), UnorderedElementsAre());
}

TEST_F(RetentionTest, KeepsWhatComesAndGoesBetweenTwoPushes) {
  init();
  commit_at(30, "a.bin", "pushed");
  pushed();
  commit_at(29, "a.bin", "between");
  commit_at(28, "a.bin", "now");
  EXPECT_THAT(retained(), UnorderedElementsAre(oid("between"), oid("now")));
}

TEST_F(RetentionTest, KeepsWhatOnlyADetachedHeadLeadsTo) {
  init();
  commit_at(30, "a.bin", "pushed");
  pushed();
  git("r", {"checkout", "-q", "--detach"});
  commit_at(29, "a.bin", "between");
  commit_at(28, "a.bin", "now");
  EXPECT_THAT(retained(), UnorderedElementsAre(oid("between"), oid("now")));
}

TEST_F(RetentionTest, KeepsWhatAMergeAloneHas) {
  init();
  commit_at(40, "a.bin", "base");
  git("r", {"checkout", "-q", "-b", "side"});
  commit_at(39, "a.bin", "side");
  git("r", {"checkout", "-q", "main"});
  commit_at(38, "a.bin", "main");
  pushed();
  git("r", {"merge", "-q", "-s", "ours", "--no-commit", "side"});
  commit_at(37, "a.bin", "made in the merge");
  git("r", {"branch", "-q", "-D", "side"});
  commit_at(36, "a.bin", "later");
  const std::vector<Oid> kept = retained();
  EXPECT_THAT(kept, testing::Contains(oid("made in the merge")));
  EXPECT_THAT(kept, testing::Contains(oid("side")));
}

TEST_F(RetentionTest, RecentDaysCountFromTheTipOfEachRef) {
  init();
  commit_at(50, "a.bin", "one");
  commit_at(45, "a.bin", "two");
  commit_at(40, "a.bin", "three");
  pushed();
  git("r", {"config", "lfs.fetchrecentcommitsdays", "4"});
  git("r", {"config", "lfs.pruneoffsetdays", "2"});
  EXPECT_THAT(retained(), UnorderedElementsAre(oid("one"), oid("two"), oid("three")));
  git("r", {"config", "lfs.pruneoffsetdays", "0"});
  EXPECT_THAT(retained(), UnorderedElementsAre(oid("two"), oid("three")));
}

TEST_F(RetentionTest, KeepsWhatIsStagedEvenUnderAnExcludedPath) {
  init();
  commit_at(30, "out/a.bin", "committed");
  pushed();
  git("r", {"config", "lfs.fetchexclude", "out"});
  write("r/out/a.bin", pointer_of("staged"));
  git("r", {"add", "-A"});
  EXPECT_THAT(retained(), UnorderedElementsAre(oid("staged")));
}

TEST_F(RetentionTest, KeepsEveryStash) {
  init();
  commit_at(30, "a.bin", "committed");
  pushed();
  for (const char* content : {"first stash", "second stash"}) {
    write("r/a.bin", pointer_of(content));
    git("r", {"stash", "-q"});
  }
  EXPECT_THAT(retained(),
              UnorderedElementsAre(oid("committed"), oid("first stash"), oid("second stash")));
}

TEST_F(RetentionTest, KeepsCommitsInUseAgainstForce) {
  init();
  const GitOid mounted = commit_at(30, "a.bin", "mounted");
  commit_at(20, "a.bin", "head");
  pushed();
  RetentionOptions force;
  force.recent = force.current = false;
  force.in_use = {mounted};
  EXPECT_THAT(retained(force), UnorderedElementsAre(oid("mounted")));
}

TEST_F(RetentionTest, AnUnbornBranchIsAnErrorUnlessAllowed) {
  init();
  write("r/a.bin", pointer_of("staged"));
  git("r", {"add", "-A"});
  EXPECT_FALSE(retained_objects(open(), {}));
  RetentionOptions options;
  options.unborn_allowed = true;
  EXPECT_THAT(retained(options), UnorderedElementsAre(oid("staged")));
}

}  // namespace
}  // namespace lazylfs::lfs
