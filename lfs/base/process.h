// Child processes without a shell, with bounded output and a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/result.h"

namespace lazylfs {

struct Command {
  std::vector<std::string> argv;               // argv[0] is searched in PATH
  std::string folder;                          // the child's working folder; empty: ours
  std::vector<std::string> set_environment;    // "NAME=value", added to ours
  std::vector<std::string> unset_environment;  // names, or prefixes that end in '*'
};

struct CommandOutput {
  int exit_code = 0;  // 128 + n when signal n ended it
  std::string out, err;
};

struct RunOptions {
  std::string_view input;  // fed to the child's stdin, which is then closed
  std::chrono::milliseconds timeout{std::chrono::minutes(10)};
  std::size_t output_bytes_max = 64U << 20U;  // of stdout; stderr keeps its first MiB
  bool inherit_stderr = false;                // let the child talk to the user (progress, prompts)
};

// Runs to the end. An error means that it could not be started, timed out (it is then killed) or
// printed too much; a non-zero exit code is not an error. Thread-safe.
Result<CommandOutput> run_command(const Command& command, const RunOptions& options = {});

// As run_command, and turns a non-zero exit code into Errc::io with the last line of its stderr.
Result<std::string> run_command_checked(const Command& command, const RunOptions& options = {});

// A child that is talked to through pipes. Its destructor closes the pipes and waits, killing the
// child after `grace`. Thread-compatible.
class ChildProcess {
 public:
  // stderr goes to the descriptor `stderr_fd`, else it is inherited.
  static Result<ChildProcess> start(const Command& command, int stderr_fd = -1);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  int stdin_fd() const { return stdin_.get(); }
  int stdout_fd() const { return stdout_.get(); }
  void close_stdin() { stdin_.reset(); }
  // The exit code, as in CommandOutput. Kills the child after `grace`.
  int wait(std::chrono::milliseconds grace = std::chrono::seconds(30));

 private:
  ChildProcess(pid_t pid, Fd in, Fd out);
  pid_t pid_ = -1;
  Fd stdin_, stdout_;
};

// Splits a command line as a POSIX shell would (quotes and backslashes, no expansion).
// Errc::invalid for an unclosed quote.
Result<std::vector<std::string>> split_command_line(std::string_view text);

// The path of the running executable.
std::string own_executable();

}  // namespace lazylfs
