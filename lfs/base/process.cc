#include "lfs/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <thread>

#include "lfs/base/handle.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kStderrBytesMax = 1U << 20U;

bool is_unset(const Command& command, std::string_view entry) {
  const std::string_view name = entry.substr(0, entry.find('='));
  for (const std::string& pattern : command.unset_environment) {
    const bool prefix = pattern.ends_with('*');
    const std::string_view text =
        std::string_view(pattern).substr(0, pattern.size() - (prefix ? 1 : 0));
    if (prefix ? name.starts_with(text) : name == text) return true;
  }
  for (const std::string& setting : command.set_environment) {
    if (name == std::string_view(setting).substr(0, setting.find('='))) return true;
  }
  return false;
}

std::vector<std::string> child_environment(const Command& command) {
  std::vector<std::string> result = command.set_environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_unset(command, *entry)) result.emplace_back(*entry);
  }
  return result;
}

std::vector<char*> c_strings(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn's two option objects, freed when it goes out of scope.
struct SpawnSetup {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

// A child gets default dispositions and an empty mask, whatever this process has blocked.
void reset_signals(SpawnSetup& setup) {
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&defaults, number);
  posix_spawnattr_setsigmask(&setup.attributes, &none);
  posix_spawnattr_setsigdefault(&setup.attributes, &defaults);
  posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

struct ChildFds {
  int in = -1, out = -1, err = -1;  // -1: inherited
};

Result<pid_t> spawn(const Command& command, const ChildFds& fds) {
  if (command.argv.empty()) return Error(Errc::invalid, "empty command");
  SpawnSetup setup;
  reset_signals(setup);
  const std::array<int, 3> wanted = {fds.in, fds.out, fds.err};
  for (int target = 0; target < 3; ++target) {
    if (wanted.at(static_cast<std::size_t>(target)) >= 0) {
      posix_spawn_file_actions_adddup2(&setup.actions, wanted.at(static_cast<std::size_t>(target)),
                                       target);
    }
  }
  if (!command.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&setup.actions, command.folder.c_str());
  }
  std::vector<std::string> argv = command.argv;
  std::vector<std::string> environment = child_environment(command);
  pid_t pid = -1;
  const int rc = posix_spawnp(&pid, argv[0].c_str(), &setup.actions, &setup.attributes,
                              c_strings(argv).data(), c_strings(environment).data());
  if (rc != 0) return Error::from_errno("run " + command.argv[0], rc);
  return pid;
}

int decode_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Sleeps until the child has ended, `deadline` at the latest.
void await_end(pid_t pid, Clock::time_point deadline) {
  const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
  if (!process || left <= 0) return;
  pollfd ended{process.get(), POLLIN, 0};
  ::poll(&ended, 1, static_cast<int>(std::min<long long>(left, std::numeric_limits<int>::max())));
}

// Waits until `deadline`, then kills. Returns the exit code.
int reap(pid_t pid, Clock::time_point deadline) {
  int status = 0;
  await_end(pid, deadline);
  while (true) {
    const pid_t done = ::waitpid(pid, &status, WNOHANG);
    if (done == pid) return decode_status(status);
    if (done < 0 && errno != EINTR) return 127;
    if (Clock::now() >= deadline) break;
    std::this_thread::sleep_for(milliseconds(2));
  }
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return decode_status(status);
}

// Moves bytes between the child's pipes and memory until both outputs are closed.
class Pump {
 public:
  Pump(Fd in, Fd out, Fd err, const RunOptions& options)
      : in_(std::move(in)), out_(std::move(out)), err_(std::move(err)), options_(options) {
    for (const Fd* fd : {&in_, &out_, &err_}) {
      if (*fd) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
    }
    if (options_.input.empty()) in_.reset();
  }

  Result<void> run(Clock::time_point deadline, CommandOutput& output) {
    while (out_ || err_) {
      std::array<pollfd, 3> waits = {pollfd{in_.get(), POLLOUT, 0}, pollfd{out_.get(), POLLIN, 0},
                                     pollfd{err_.get(), POLLIN, 0}};
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return Error(Errc::timed_out, "timed out");
      const int timeout =
          static_cast<int>(std::min<long long>(left, std::numeric_limits<int>::max()));
      if (::poll(waits.data(), waits.size(), timeout) < 0 && errno != EINTR) {
        return Error::from_errno("poll", errno);
      }
      if (in_ && waits[0].revents != 0) feed();
      if (out_ && waits[1].revents != 0) drain(out_, output.out, options_.output_bytes_max + 1);
      if (err_ && waits[2].revents != 0) drain(err_, output.err, kStderrBytesMax);
      if (output.out.size() > options_.output_bytes_max) {
        return Error(Errc::invalid, "printed more than expected");
      }
    }
    return {};
  }

 private:
  void feed() {
    const ssize_t written = ::write(in_.get(), options_.input.data(), options_.input.size());
    if (written > 0) options_.input.remove_prefix(static_cast<std::size_t>(written));
    const bool failed = written < 0 && errno != EAGAIN && errno != EINTR;
    if (failed || options_.input.empty()) in_.reset();
  }

  static void drain(Fd& fd, std::string& into, std::size_t bytes_max) {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got > 0) {
      const std::size_t room = bytes_max - std::min(bytes_max, into.size());
      into.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      fd.reset();
    }
  }

  Fd in_, out_, err_;
  RunOptions options_;
};

// "exec: git 'config' '-l'", as upstream traces each child. Other programs are told of where they
// are started, in the words that belong to them.
void trace_git(const Command& command) {
  if (!trace_enabled(TraceArea::general) && !trace_enabled(TraceArea::git)) return;
  if (command.argv.empty() || command.argv[0] != "git") return;
  std::string text = "exec: git";
  for (std::size_t i = 1; i < command.argv.size(); ++i) {
    const std::string& word = command.argv[i];
    const bool is_url = word.find("://") != std::string::npos;
    text += " '" + (is_url ? redact_url(word) : word) + '\'';
  }
  trace_line(text);
}

}  // namespace

Result<CommandOutput> run_command(const Command& command, const RunOptions& options) {
  trace_git(command);
  Pipe in = TRY(make_pipe());
  Pipe out = TRY(make_pipe());
  Pipe err = options.inherit_stderr ? Pipe{} : TRY(make_pipe());
  const auto deadline = Clock::now() + options.timeout;
  const pid_t pid =
      TRY(spawn(command, {in.read_end.get(), out.write_end.get(), err.write_end.get()}));
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  CommandOutput output;
  const Result<void> pumped =
      Pump(std::move(in.write_end), std::move(out.read_end), std::move(err.read_end), options)
          .run(deadline, output);
  if (!pumped) {
    reap(pid, Clock::now());
    return pumped.error().with_context("run " + command.argv[0]);
  }
  output.exit_code = reap(pid, deadline);
  return output;
}

Result<std::string> run_command_checked(const Command& command, const RunOptions& options) {
  CommandOutput output = TRY(run_command(command, options));
  if (output.exit_code == 0) return std::move(output.out);
  const std::string_view told = trim(output.err);
  const std::string_view last =
      told.substr(told.rfind('\n') == std::string_view::npos ? 0 : told.rfind('\n') + 1);
  std::string message = command.argv[0] + (command.argv.size() > 1 ? " " + command.argv[1] : "") +
                        " failed with code " + std::to_string(output.exit_code);
  if (!last.empty()) message += ": " + std::string(last);
  return Error(Errc::io, std::move(message));
}

ChildProcess::ChildProcess(pid_t pid, Fd in, Fd out)
    : pid_(pid), stdin_(std::move(in)), stdout_(std::move(out)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      stdin_(std::move(other.stdin_)),
      stdout_(std::move(other.stdout_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    wait();
    pid_ = std::exchange(other.pid_, -1);
    stdin_ = std::move(other.stdin_);
    stdout_ = std::move(other.stdout_);
  }
  return *this;
}

ChildProcess::~ChildProcess() { wait(milliseconds(1000)); }

Result<ChildProcess> ChildProcess::start(const Command& command, int stderr_fd) {
  trace_git(command);
  Pipe in = TRY(make_pipe());
  Pipe out = TRY(make_pipe());
  const pid_t pid = TRY(spawn(command, {in.read_end.get(), out.write_end.get(), stderr_fd}));
  return ChildProcess(pid, std::move(in.write_end), std::move(out.read_end));
}

int ChildProcess::wait(milliseconds grace) {
  stdin_.reset();
  stdout_.reset();
  if (pid_ < 0) return 0;
  return reap(std::exchange(pid_, -1), Clock::now() + grace);
}

Result<std::vector<std::string>> split_command_line(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // Within double quotes a backslash escapes a few characters only, and else stands for itself.
    const bool escaped =
        c == '\\' && quote != '\'' && i + 1 < text.size() &&
        (quote == 0 || std::string_view("$`\"\\\n").find(text[i + 1]) != std::string_view::npos);
    if (escaped) {
      word += text[++i];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return Error(Errc::invalid, "unclosed quote in command line");
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::string own_executable() {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : "git-lfs";
}

}  // namespace lazylfs
