#include "lfs/base/process.h"

#include <signal.h>

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/text.h"

namespace lazylfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

Command shell(const std::string& script) { return {{"sh", "-c", script}, "", {}, {}}; }

TEST(Process, OutputAndExitCodeAreReturned) {
  const auto output = run_command(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->err, "err\n");
  EXPECT_EQ(output->exit_code, 3);
}

TEST(Process, ArgumentsSeeNoShell) {
  const auto output = run_command({{"printf", "%s|", "$HOME", "a b", ";ls", "*"}, "", {}, {}});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "$HOME|a b|;ls|*|");
}

TEST(Process, InputIsFedWhileOutputIsRead) {
  const std::string input(1U << 20U, 'i');
  RunOptions options;
  options.input = input;
  const auto output = run_command({{"cat"}, "", {}, {}}, options);
  ASSERT_TRUE(output);
  EXPECT_TRUE(output->out == input);
}

TEST(Process, AChildThatIgnoresItsInputIsNoFailure) {
  ::signal(SIGPIPE, SIG_IGN);  // as main does
  const std::string input(1U << 20U, 'i');
  RunOptions options;
  options.input = input;
  const auto output = run_command(shell("exec <&-; echo done"), options);
  ASSERT_TRUE(output) << output.error().message();
  EXPECT_EQ(output->out, "done\n");
  EXPECT_EQ(output->exit_code, 0);
}

TEST(Process, EmptyInputIsEndOfFile) {
  const auto output = run_command({{"cat"}, "", {}, {}});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "");
}

TEST(Process, ATimeOutKillsTheChild) {
  RunOptions options;
  options.timeout = std::chrono::milliseconds(100);
  const auto start = Clock::now();
  const auto output = run_command({{"sleep", "60"}, "", {}, {}}, options);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code(), Errc::timed_out);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
}

TEST(Process, AChildThatClosesItsOutputIsStillBoundByTheTimeOut) {
  RunOptions options;
  options.timeout = std::chrono::milliseconds(100);
  const auto output = run_command(shell("exec >&- 2>&-; exec sleep 60"), options);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 128 + SIGKILL);
}

TEST(Process, TooMuchOutputIsAnError) {
  RunOptions options;
  options.output_bytes_max = 1000;
  const auto output = run_command({{"yes"}, "", {}, {}}, options);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code(), Errc::invalid);
  options.output_bytes_max = 5;
  EXPECT_EQ(run_command({{"printf", "12345"}, "", {}, {}}, options)->out, "12345");
  EXPECT_FALSE(run_command({{"printf", "123456"}, "", {}, {}}, options));
}

TEST(Process, StderrIsCutNotFailed) {
  const auto output = run_command(shell("yes 2>/dev/null | head -c 3000000 >&2"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->err.size(), 1U << 20U);
}

TEST(Process, AMissingProgramIsNotFound) {
  const auto output = run_command({{"no-such-program-here"}, "", {}, {}});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code(), Errc::not_found);
  EXPECT_FALSE(run_command({}));
}

TEST(Process, ASignalIsTold) {
  EXPECT_EQ(run_command(shell("kill -TERM $$"))->exit_code, 128 + SIGTERM);
}

TEST(Process, TheEnvironmentIsSetAndUnset) {
  ::setenv("LAZYLFS_TEST_A", "a", 1);      // NOLINT(concurrency-mt-unsafe)
  ::setenv("LAZYLFS_TEST_AB", "ab", 1);    // NOLINT(concurrency-mt-unsafe)
  ::setenv("LAZYLFS_TEST_OLD", "old", 1);  // NOLINT(concurrency-mt-unsafe)
  Command command = shell("echo \"$LAZYLFS_TEST_A,$LAZYLFS_TEST_AB,$LAZYLFS_TEST_OLD\"");
  EXPECT_EQ(run_command(command)->out, "a,ab,old\n");
  command.unset_environment = {"LAZYLFS_TEST_A"};
  command.set_environment = {"LAZYLFS_TEST_OLD=new"};
  EXPECT_EQ(run_command(command)->out, ",ab,new\n");
  command.unset_environment = {"LAZYLFS_TEST_*"};
  EXPECT_EQ(run_command(command)->out, ",,new\n");
}

TEST(Process, TheFolderIsTheChilds) {
  Command command = {{"pwd"}, "/", {}, {}};
  EXPECT_EQ(run_command(command)->out, "/\n");
  command.folder = "/no/such/folder";
  EXPECT_FALSE(run_command(command));
}

TEST(Process, ACheckedFailureEndsWithTheLastLine) {
  const auto output = run_command_checked(shell("echo first >&2; echo last >&2; exit 4"));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().message(), "sh -c failed with code 4: last");
  EXPECT_EQ(*run_command_checked(shell("echo fine")), "fine\n");
}

TEST(Process, AChildIsTalkedTo) {
  Result<ChildProcess> child = ChildProcess::start({{"cat"}, "", {}, {}});
  ASSERT_TRUE(child);
  ASSERT_TRUE(write_all(child->stdin_fd(), "ping"));
  child->close_stdin();
  EXPECT_EQ(*read_to_end(child->stdout_fd(), 100), "ping");
  EXPECT_EQ(child->wait(), 0);
  EXPECT_EQ(child->wait(), 0);
}

TEST(Process, AStubbornChildIsKilledAfterTheGrace) {
  Result<ChildProcess> child = ChildProcess::start({{"sleep", "60"}, "", {}, {}});
  ASSERT_TRUE(child);
  const auto start = Clock::now();
  EXPECT_EQ(child->wait(std::chrono::milliseconds(50)), 128 + SIGKILL);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
}

TEST(Process, ChildrenDoNotInheritOurDescriptors) {
  const Pipe pipe = *make_pipe();
  const std::string link = "/proc/self/fd/" + std::to_string(pipe.read_end.get());
  const std::string target = std::filesystem::read_symlink(link).string();
  const auto output = run_command({{"ls", "-l", "/proc/self/fd"}, "", {}, {}});
  ASSERT_TRUE(output);
  EXPECT_THAT(output->out, HasSubstr("pipe:"));
  EXPECT_THAT(output->out, testing::Not(HasSubstr(target)));
}

TEST(CommandLine, IsSplitAsAShellWould) {
  EXPECT_THAT(*split_command_line("ssh -o 'a b' \"c \\\" d\" e\\ f ''"),
              ElementsAre("ssh", "-o", "a b", "c \" d", "e f", ""));
  EXPECT_THAT(*split_command_line("  a\t b\n"), ElementsAre("a", "b"));
  EXPECT_THAT(*split_command_line("a'b'\"c\""), ElementsAre("abc"));
  EXPECT_THAT(*split_command_line("'\\n' \"\\n\""), ElementsAre("\\n", "\\n"));
  EXPECT_TRUE(split_command_line("")->empty());
  EXPECT_FALSE(split_command_line("a 'b"));
  EXPECT_FALSE(split_command_line("\"b"));
}

TEST(OwnExecutable, IsThisTest) { EXPECT_THAT(own_executable(), HasSubstr("base_test")); }

}  // namespace
}  // namespace lazylfs
