#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/process.h"
#include "tests/unit/cli/table.h"

namespace lazylfs::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string script_for(std::string_view shell) {
  return completion_script(kTable, shell).value_or("no script");
}

// What bash offers for `line`, whose last word is being completed.
std::string bash_offers(const std::vector<std::string>& line) {
  std::string script = script_for("bash") + "\nCOMP_WORDS=(";
  for (const std::string& word : line) script += " '" + word + "'";
  script += ")\nCOMP_CWORD=" + std::to_string(line.size() - 1) +
            "\n_git_lfs 2>/dev/null\nprintf '%s ' \"${COMPREPLY[@]}\"\n";
  lazylfs::Command bash;
  bash.argv = {"bash", "-s"};
  return run_command_checked(bash, {.input = script}).value_or("bash failed");
}

TEST(CompletionTest, BashUnderstandsTheScript) {
  lazylfs::Command bash;
  bash.argv = {"bash", "-n"};
  const auto checked = run_command(bash, {.input = script_for("bash")});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->exit_code, 0) << checked->err;
}

TEST(CompletionTest, BashOffersCommandsAndOptions) {
  EXPECT_EQ(bash_offers({"git-lfs", "e"}), "echo ");
  EXPECT_EQ(bash_offers({"git", "lfs", "e"}), "echo ");
  EXPECT_EQ(bash_offers({"git-lfs", "stack", "p"}), "pop push ");
  EXPECT_EQ(bash_offers({"git", "lfs", "stack", "push", "--c"}), "--colour= ");
  EXPECT_EQ(bash_offers({"git-lfs", "echo", "--"}), "--help --colour= --problem ");
}

TEST(CompletionTest, NoScriptShowsHiddenThings) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(script_for(shell), Not(HasSubstr("secret"))) << shell;
    EXPECT_THAT(script_for(shell), Not(HasSubstr("hidden-thing"))) << shell;
    EXPECT_THAT(script_for(shell), HasSubstr("echo")) << shell;
  }
}

TEST(CompletionTest, DescriptionsAreQuotedForTheirShell) {
  EXPECT_THAT(script_for("zsh"), HasSubstr("Which\\: \\[any\\] of them'\\''s fine."));
  EXPECT_THAT(script_for("zsh"), HasSubstr("(red blue)"));
}

TEST(CompletionTest, TheProgramItselfAnswersAsCobraProgramsDo) {
  EXPECT_EQ(run_table({"__complete", "e"}).out, "echo\tPrint words\n:4\n");
  EXPECT_EQ(run_table({"__completeNoDesc", "stack", "p"}).out, "pop\npush\n:4\n");
  EXPECT_EQ(run_table({"__completeNoDesc", "echo", "--c"}).out, "--colour\n:4\n");
  EXPECT_EQ(run_table({"__completeNoDesc", "echo", "--colour", ""}).out, "red\nblue\n:4\n");
  EXPECT_EQ(run_table({"__completeNoDesc", "echo", ""}).out, ":0\n");
  EXPECT_EQ(run_table({"__completeNoDesc", "secr"}).out, ":4\n");
}

TEST(CompletionTest, AnUnknownShellIsAnError) {
  const auto script = completion_script(kTable, "tcsh");
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().code(), Errc::invalid);
}

}  // namespace
}  // namespace lazylfs::cli
