// The walk over a real repository, with a migration that is a table.
#include "lfs/migrate/history_rewriter.h"

#include <atomic>
#include <cctype>
#include <map>

#include <gtest/gtest.h>

#include "lfs/base/process.h"
#include "lfs/migrate/revisions.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

// Turns the content of files whose name ends in ".up" into upper case, and counts.
class Upper final : public Migration {
 public:
  explicit Upper(const Repository& repository) : repository_(repository) { lines_.add("*.up x"); }
  Result<void> enter(const GitOid&) override { return {}; }
  bool considers(const std::string& path) override { return path.ends_with(".up"); }
  Result<bool> plan(const std::string& path, const GitOid&) override {
    ++planned[path];
    return true;
  }
  Result<GitOid> convert(const GitOid& blob, const std::string&, PackWriter& pack) override {
    ++conversions;
    std::string text = TRY(repository_.read_blob(blob, 1000));
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    return pack.add(ObjectType::blob, text);
  }
  const AttributeLines* attributes() const override { return &lines_; }

  std::map<std::string, int> planned;
  std::atomic<int> conversions{0};

 private:
  const Repository& repository_;
  AttributeLines lines_;
};

class HistoryRewriterTest : public GitFixture {
 protected:
  void commit(const std::map<std::string, std::string>& files) {
    for (const auto& [name, text] : files) {
      std::filesystem::create_directories(std::filesystem::path(path("r/" + name)).parent_path());
      ASSERT_TRUE(write_file_atomically(path("r/" + name), text));
    }
    run({"add", "-A"});
    run({"commit", "-q", "-m", "m"});
  }
  static Command command(std::vector<std::string> words) {
    Command result;
    result.argv = std::move(words);
    return result;
  }
  std::string run(std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", path("r")});
    const auto output = run_command_checked(command(std::move(words)));
    EXPECT_TRUE(output.has_value());
    return output ? *output : "";
  }
  void SetUp() override {
    ASSERT_TRUE(run_command_checked(command({"git", "init", "-q", "-b", "main", path("r")})));
  }
};

TEST_F(HistoryRewriterTest, ConvertsEachBlobOnceAndPlansEachPathOfItOnce) {
  commit({{"a.up", "same"}, {"d/b.up", "same"}, {"d/c.txt", "text"}});
  commit({{"e.txt", "other"}});
  commit({{"a.up", "new"}});
  const Repository repository = *Repository::discover(path("r"));
  Upper migration(repository);
  auto pack = *PackWriter::create(repository);
  const auto commits = *list_commits(repository, {{"HEAD"}, {}});
  ASSERT_EQ(commits.size(), 3U);
  HistoryRewriter rewriter(repository, migration, {});
  const auto rewritten = rewriter.rewrite(commits, *pack);
  ASSERT_TRUE(rewritten);
  ASSERT_TRUE(pack->finish());
  EXPECT_EQ(migration.conversions, 2);
  EXPECT_EQ(migration.planned, (std::map<std::string, int>{{"a.up", 2}, {"d/b.up", 1}}));
  const std::string last = rewritten->at(commits.back()).hex();
  EXPECT_EQ(run({"show", last + ":a.up"}), "NEW");
  EXPECT_EQ(run({"show", last + "~1:d/b.up"}), "SAME");
  EXPECT_EQ(run({"show", last + "~2:.gitattributes"}), "*.up x\n");
  EXPECT_EQ(run({"fsck", "--strict", "--no-dangling", last}), "");
}

TEST_F(HistoryRewriterTest, LeavesNoTraceUnlessThePackIsFinished) {
  commit({{"a.up", "same"}});
  const Repository repository = *Repository::discover(path("r"));
  {
    Upper migration(repository);
    auto pack = *PackWriter::create(repository);
    HistoryRewriter rewriter(repository, migration, {});
    ASSERT_TRUE(rewriter.rewrite(*list_commits(repository, {{"HEAD"}, {}}), *pack));
    EXPECT_GT(pack->count(), 0U);
  }
  EXPECT_TRUE(std::filesystem::is_empty(path("r/.git/objects/pack")));
}

TEST_F(HistoryRewriterTest, AFailedConversionFailsTheWalk) {
  commit({{"a.up", std::string(2000, 'x')}});  // more than the migration reads
  const Repository repository = *Repository::discover(path("r"));
  Upper migration(repository);
  auto pack = *PackWriter::create(repository);
  HistoryRewriter rewriter(repository, migration, {});
  EXPECT_FALSE(rewriter.rewrite(*list_commits(repository, {{"HEAD"}, {}}), *pack));
}

TEST_F(HistoryRewriterTest, StreamsLargeFilesIntoThePackOnce) {
  commit({{"a", "small"}});
  const std::string large(6U << 20U, 'l');
  ASSERT_TRUE(write_file_atomically(path("large"), large));
  const Repository repository = *Repository::discover(path("r"));
  auto pack = *PackWriter::create(repository);
  const GitOid expected = object_id(ObjectType::blob, large);
  for (int i = 0; i < 2; ++i) {
    const Fd file = *open_file(path("large"), 0);
    EXPECT_EQ(*pack->add_file(file.get(), large.size()), expected);
  }
  EXPECT_EQ(*pack->add(ObjectType::blob, "after"), object_id(ObjectType::blob, "after"));
  EXPECT_EQ(pack->count(), 2U);
  ASSERT_TRUE(pack->finish());
  EXPECT_EQ(run({"cat-file", "-s", expected.hex()}), std::to_string(large.size()) + "\n");
  EXPECT_EQ(run({"fsck", "--full", "--no-dangling"}), "");
}

}  // namespace
}  // namespace lazylfs::lfs
