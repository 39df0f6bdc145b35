#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/table.h"

namespace lazylfs::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(DispatchTest, ACommandGetsItsWords) {
  const Outcome run = run_table({"echo", "a", "b"});
  EXPECT_EQ(run.code, ExitCode::ok);
  EXPECT_EQ(run.out, "a\nb\n");
  EXPECT_EQ(run_table({"echo", "-p", "a"}).code, ExitCode::problem);
}

TEST(DispatchTest, AnErrorIsOneLineAndTwo) {
  const Outcome run = run_table({"fail"});
  EXPECT_EQ(run.code, ExitCode::fatal);
  EXPECT_EQ(run.err, "the disk is on fire\n");
  EXPECT_EQ(run.out, "");
}

TEST(DispatchTest, AnUnknownCommandEndsWith127AsUpstreamSaysIt) {
  const Outcome run = run_table({"nosuch"});
  EXPECT_EQ(static_cast<int>(run.code), 127);
  EXPECT_EQ(run.err,
            "Error: unknown command \"nosuch\" for \"git-lfs\"\n"
            "Run 'git-lfs --help' for usage.\n");
}

TEST(DispatchTest, ANearNameIsSuggestedAsUpstreamDoes) {
  EXPECT_EQ(run_table({"ecko"}).err,
            "Error: unknown command \"ecko\" for \"git-lfs\"\n\nDid you mean this?\n\techo\n\n"
            "Run 'git-lfs --help' for usage.\n");
}

TEST(DispatchTest, HiddenCommandsRunButAreNotSuggested) {
  EXPECT_EQ(run_table({"secret"}).code, ExitCode::ok);
  EXPECT_THAT(run_table({"secre"}).err, testing::Not(HasSubstr("Did you mean")));
}

TEST(DispatchTest, NestedCommandsHaveTwoWords) {
  EXPECT_EQ(run_table({"stack", "push", "x"}).out, "x\n");
  const Outcome unknown = run_table({"stack", "pull"});
  EXPECT_EQ(unknown.code, ExitCode::usage);
  EXPECT_THAT(unknown.err, StartsWith("Error: unknown command \"pull\" for \"git-lfs stack\"\n"));
  EXPECT_THAT(unknown.err, HasSubstr("\tpush\n"));
}

TEST(DispatchTest, AGroupAloneShowsItsHelp) {
  const Outcome run = run_table({"stack"});
  EXPECT_EQ(run.code, ExitCode::ok);
  EXPECT_THAT(run.out, HasSubstr("push  Put on"));
}

TEST(DispatchTest, TheNumberOfWordsIsChecked) {
  EXPECT_THAT(run_table({"echo"}).err,
              StartsWith("Error: accepts between 1 and 3 arg(s), received 0\n"));
  EXPECT_THAT(run_table({"fail", "x"}).err, StartsWith("Error: accepts 0 arg(s), received 1\n"));
  EXPECT_THAT(run_table({"stack", "push"}).err,
              StartsWith("Error: requires at least 1 arg(s), only received 0\n"));
  EXPECT_EQ(run_table({"echo"}).code, ExitCode::usage);
}

TEST(DispatchTest, AWrongOptionEndsWith127) {
  const Outcome run = run_table({"echo", "--nosuch", "a"});
  EXPECT_EQ(run.code, ExitCode::usage);
  EXPECT_EQ(run.err, "Error: unknown flag: --nosuch\n\n");
  EXPECT_THAT(run.out, StartsWith("git lfs echo"));
  const Outcome root = run_table({"--nosuch"});
  EXPECT_EQ(root.code, ExitCode::usage);
  EXPECT_EQ(root.err, "Error: unknown flag: --nosuch\n\n");
  EXPECT_THAT(root.out, StartsWith("git lfs <command> [<args>]\n"));
}

TEST(DispatchTest, HelpBeatsWhatElseIsWrong) {
  const Outcome run = run_table({"fail", "x", "-h"});
  EXPECT_EQ(run.code, ExitCode::ok);
  EXPECT_THAT(run.out, StartsWith("git lfs fail\n"));
}

TEST(DispatchTest, WithoutArgumentsVersionAndHelpAreShown) {
  const Outcome run = run_table({});
  EXPECT_EQ(run.code, ExitCode::ok);
  EXPECT_THAT(run.out, StartsWith("git-lfs/"));
  EXPECT_THAT(run.out, HasSubstr("\ngit lfs <command> [<args>]\n"));
  EXPECT_THAT(run_table({"--version"}).out, StartsWith("git-lfs/"));
  EXPECT_THAT(run_table({"-h"}).out, StartsWith("git lfs <command> [<args>]\n"));
}

}  // namespace
}  // namespace lazylfs::cli
