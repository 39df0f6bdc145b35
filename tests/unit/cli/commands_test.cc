#include "cli/commands.h"

#include <fcntl.h>

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/cache.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "lfs/base/json.h"
#include "tests/unit/cli/sandbox.h"

namespace lazylfs::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// The table.

TEST(CommandTableTest, NamesAreSortedAndUnique) {
  const auto commands = all_commands();
  EXPECT_TRUE(std::ranges::is_sorted(commands, {}, &Command::name));
  EXPECT_EQ(std::ranges::adjacent_find(commands, {}, &Command::name), commands.end());
}

TEST(CommandTableTest, EveryCommandCanRunAndHasItsTexts) {
  for (const Command& command : all_commands()) {
    SCOPED_TRACE(command.name);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(command.summary.ends_with('.'));
    EXPECT_FALSE(command.help.empty());
    const bool has_parts = std::ranges::any_of(all_commands(), [&](const Command& other) {
      return other.name.starts_with(std::string(command.name) + " ");
    });
    EXPECT_TRUE(command.run != nullptr || has_parts);
    EXPECT_LE(command.positional_min, command.positional_max);
  }
}

TEST(CommandTableTest, EveryShownOptionHasHelpAndALetterOfItsOwn) {
  for (const Command& command : all_commands()) {
    std::string letters = "h";
    for (const Option& option : command.options) {
      SCOPED_TRACE(std::string(command.name) + " --" + std::string(option.name));
      if (option.hidden) continue;
      EXPECT_TRUE(option.help.ends_with('.'));
      if (option.letter == '\0') continue;
      EXPECT_EQ(letters.find(option.letter), std::string::npos);
      letters += option.letter;
    }
  }
}

TEST(CommandTableTest, HelpTextsFitATerminal) {
  for (const Command& command : all_commands()) {
    std::istringstream text{command_help(all_commands(), command)};
    for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 96U) << line;
  }
}

TEST(CommandTableTest, BashUnderstandsTheCompletion) {
  lazylfs::Command bash;
  bash.argv = {"bash", "-n"};
  const auto checked =
      run_command(bash, {.input = completion_script(all_commands(), "bash").value_or("(")});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->exit_code, 0) << checked->err;
}

// The commands.

class CommandsTest : public Sandbox {
 protected:
  Json json(std::vector<std::string> words) {
    const Outcome outcome = run(std::move(words));
    EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
    return parse_json(outcome.out).value_or(Json("no JSON: " + outcome.out));
  }

  // Takes `content` into the cache as a complete object.
  Oid put(const std::string& content) const {
    Metrics metrics;
    const std::string file = root + "/content";
    EXPECT_TRUE(write_file_atomically(file, content));
    const ObjectId id{Sha256::of(content), content.size()};
    const auto cache = cache::Cache::open({.folder = root + "/cache"}, metrics);
    EXPECT_TRUE(cache && (*cache)->insert_file(id, file));
    return id.oid;
  }

  static std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
  }
};

TEST_F(CommandsTest, VersionIsOneLine) {
  EXPECT_EQ(run({"version"}).out, version_line() + "\n");
  EXPECT_EQ(run({"--version"}).out, version_line() + "\n");
}

TEST_F(CommandsTest, HelpOfAnUnknownTopicIsSaidOnStderr) {
  EXPECT_EQ(run({"help", "nosuch"}).err, "Unknown help topic [`nosuch`]\n");
  EXPECT_THAT(run({"help", "cache", "evict"}).out, StartsWith("git lfs cache evict"));
}

TEST_F(CommandsTest, CompletionWantsAKnownShell) {
  EXPECT_EQ(run({"completion", "tcsh"}).code, ExitCode::usage);
  EXPECT_THAT(run({"completion", "fish"}).out, HasSubstr("complete -c git-lfs"));
}

TEST_F(CommandsTest, GenerateWritesAPageForEachShownCommand) {
  ASSERT_EQ(run({"generate", "man", root + "/man"}).code, ExitCode::ok);
  for (const Command& command : all_commands()) {
    const std::string page = root + "/man/" + manual_page_name(command) + ".1";
    EXPECT_EQ(file_exists(page), !command.hidden) << page;
  }
  EXPECT_TRUE(file_exists(root + "/man/git-lfs.1"));
}

TEST_F(CommandsTest, CacheStatusHasStableKeys) {
  const Json status = json({"cache", "status", "--json"});
  EXPECT_THAT(keys(status),
              ElementsAre("folder", "objects", "complete", "partial", "quarantined", "pinned",
                          "bytes", "size_max", "free_space", "free_space_min"));
  EXPECT_EQ(status["folder"], root + "/cache");
  EXPECT_EQ(status["objects"], 0);
  EXPECT_THAT(run({"cache", "status"}).out, HasSubstr("no limit"));
}

TEST_F(CommandsTest, CacheLsListsWhatIsThere) {
  EXPECT_THAT(json({"cache", "ls", "--json"}), IsEmpty());
  const Oid oid = put("content");
  const Json rows = json({"cache", "ls", "--json"});
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_THAT(keys(rows[0]),
              ElementsAre("oid", "size", "state", "cached_bytes", "pinned", "last_used", "path"));
  EXPECT_EQ(rows[0]["oid"], oid.hex());
  EXPECT_EQ(rows[0]["state"], "complete");
  EXPECT_THAT(json({"cache", "ls", "--json", "--state=partial"}), IsEmpty());
  EXPECT_THAT(json({"cache", "ls", "--json", "--pinned"}), IsEmpty());
  EXPECT_THAT(run({"cache", "ls", "--long"}).out, HasSubstr(oid.hex()));
}

TEST_F(CommandsTest, CachePathPrintsTheFileOrEndsWithOne) {
  const Oid oid = put("content");
  const Outcome found = run({"cache", "path", oid.hex().substr(0, 8)});
  EXPECT_EQ(found.code, ExitCode::ok) << found.err;
  EXPECT_EQ(read_file(found.out.substr(0, found.out.size() - 1), 100).value_or(""), "content");
  commit_lfs({{"a.bin", "not cached"}});
  const Outcome missing = run({"cache", "path", "a.bin"});
  EXPECT_EQ(missing.code, ExitCode::problem);
  EXPECT_EQ(missing.out, "");
  EXPECT_THAT(missing.err, StartsWith("a.bin: "));
}

TEST_F(CommandsTest, PinnedObjectsAreNotEvicted) {
  const std::string oid = put("content").hex();
  EXPECT_THAT(json({"cache", "pin", "--json", oid})["pinned"], ElementsAre(oid));
  const Outcome refused = run({"cache", "evict", oid});
  EXPECT_EQ(refused.code, ExitCode::fatal);
  EXPECT_THAT(refused.err, HasSubstr(oid + " is pinned"));
  EXPECT_THAT(json({"cache", "evict", "--all", "--json"})["evicted"], IsEmpty());
  EXPECT_EQ(run({"cache", "unpin", oid}).code, ExitCode::ok);
  EXPECT_EQ(json({"cache", "evict", "--json", oid})["bytes_freed"], 7);
}

TEST_F(CommandsTest, EvictNeedsAName) {
  EXPECT_EQ(run({"cache", "evict"}).code, ExitCode::usage);
  put("content");
  EXPECT_THAT(json({"cache", "evict", "--all", "--json"})["evicted"], SizeIs(1));
}

TEST_F(CommandsTest, AnUnknownObjectIsOneClearLine) {
  const Outcome outcome = run({"cache", "pin", "abcdef"});
  EXPECT_EQ(outcome.code, ExitCode::fatal);
  EXPECT_EQ(outcome.err, "abcdef: the cache knows no such object\n");
}

TEST_F(CommandsTest, VerifyEndsWithOneWhenSomethingIsWrong) {
  const std::string oid = put("content").hex();
  EXPECT_EQ(json({"cache", "verify", "--json"})["objects_checked"], 1);
  std::string path = run({"cache", "path", oid}).out;
  path.pop_back();
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::ofstream(path, std::ios::binary) << "damaged";
  const Outcome found = run({"cache", "verify", "--json"});
  EXPECT_EQ(found.code, ExitCode::problem);
  const Json report = parse_json(found.out).value_or(Json());
  EXPECT_EQ(report["corrupt"].size() + report["repaired"].size(), 1U) << found.out;
}

TEST_F(CommandsTest, GcReportsWhatItRemoved) {
  EXPECT_THAT(keys(json({"cache", "gc", "--json"})),
              ElementsAre("objects_removed", "bytes_freed", "removed"));
  EXPECT_THAT(run({"cache", "gc", "--dry-run"}).out, HasSubstr("would be removed"));
}

TEST_F(CommandsTest, ABadSettingNamesItsKey) {
  git({"init", "-q", "."});
  git({"config", "lfs.cache.size", "lots"});
  const Outcome outcome = run({"cache", "status"});
  EXPECT_EQ(outcome.code, ExitCode::fatal);
  EXPECT_THAT(outcome.err, HasSubstr("lfs.cache.size"));
}

TEST_F(CommandsTest, WhyOfACloneTellsStateAndStore) {
  commit_lfs({{"a.bin", "one"}});
  const Json story = json({"why", "--json", "a.bin"});
  EXPECT_THAT(keys(story), ElementsAre("path", "oid", "size", "state", "cached_bytes", "commit",
                                       "stored_at", "last_error"));
  EXPECT_EQ(story["oid"], Sha256::of("one").hex());
  EXPECT_EQ(story["state"], "remote");
  EXPECT_TRUE(story["last_error"].is_null());
  EXPECT_THAT(run({"why", "a.bin"}).out, HasSubstr("stored at:"));
}

TEST_F(CommandsTest, MountsIsAnEmptyArrayWithoutMounts) {
  EXPECT_EQ(run({"mounts", "--json"}).out, "[]\n");
  EXPECT_EQ(run({"mounts"}).out, "");
  EXPECT_EQ(run({"unmount", "--all"}).code, ExitCode::ok);
}

TEST_F(CommandsTest, UnmountNeedsAName) { EXPECT_EQ(run({"unmount"}).code, ExitCode::usage); }

TEST_F(CommandsTest, MountingWhatIsNoRepositoryEndsWith128) {
  make_folders(root + "/plain").value();
  make_folders(root + "/mnt").value();
  const Outcome outcome = run({"mount", root + "/plain", root + "/mnt"});
  EXPECT_EQ(outcome.code, ExitCode::no_repository);
  EXPECT_THAT(outcome.err, HasSubstr("plain"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
}

TEST_F(CommandsTest, EnvShowsNoPassword) {
  git({"init", "-q", "."});
  git({"remote", "add", "origin", "https://user:s3cret@example.org/x.git"});
  const Outcome outcome = run({"env"});
  EXPECT_EQ(outcome.code, ExitCode::ok) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Endpoint="));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace lazylfs::cli
