// Every link of the chain has a pump: it reads, hashes, and writes to the next program's stdin. All
// but the last run on threads of their own, so that no order in which the programs read and write
// can make them wait for each other. A pump whose program has gone reads on to the end, because the
// one before it must not stall: for the first that is git, which sends the whole file in any case.
#include "lfs/filter/extension_chain.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "lfs/base/fd.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kPumpBytes = 128U << 10U;
constexpr std::size_t kStderrShownMax = 64U << 10U;
constexpr std::chrono::hours kPatience{24 * 7};  // as long as the user has

struct RunningStage {
  std::string name;
  ChildProcess child;
  Fd complaints;  // its stderr, in memory
};

// The digest of all that came; `failure` is the first error of either side.
struct Pumped {
  Oid digest;
  std::optional<Error> failure;
};

Pumped pump(ByteInput& from, ByteOutput& to) {
  std::vector<std::byte> buffer(kPumpBytes);
  Sha256 hash;
  Pumped result;
  while (true) {
    const Result<std::size_t> got = from.read(buffer);
    if (!got || *got == 0) {
      if (!got) result.failure = got.error();
      break;
    }
    const auto data = std::span<const std::byte>(buffer).first(*got);
    hash.update(data);
    if (result.failure) continue;
    const Result<void> written = to.write(data);
    if (!written) result.failure = written.error();
  }
  result.digest = hash.digest();
  return result;
}

// A program that stops reading early is no failure: its exit code decides.
bool is_real(const std::optional<Error>& failure) {
  return failure && failure->sys_errno() != EPIPE;
}

void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<RunningStage> start(const ChainStage& stage) {
  Fd complaints(::memfd_create("stderr", MFD_CLOEXEC));
  if (!complaints) return Error::from_errno("memfd_create", errno);
  Command command;
  command.argv = stage.argv;
  ChildProcess child =
      TRY_CONTEXT("extension '" + stage.name + "'", ChildProcess::start(command, complaints.get()));
  return RunningStage{stage.name, std::move(child), std::move(complaints)};
}

Result<void> judge(RunningStage& stage) {
  const int code = stage.child.wait(kPatience);
  if (code == 0) return {};
  std::string told(kStderrShownMax, '\0');
  const Result<std::size_t> got = pread_full(
      stage.complaints.get(), std::as_writable_bytes(std::span(told.data(), told.size())), 0);
  told.resize(got ? *got : 0);
  return Error(Errc::io, "extension '" + stage.name + "' failed with: " + told);
}

}  // namespace

Result<ChainDigests> run_chain(const std::vector<ChainStage>& stages, ByteInput& input,
                               ByteOutput& output) {
  std::vector<RunningStage> running;
  for (const ChainStage& stage : stages) running.push_back(TRY(start(stage)));

  std::vector<Pumped> pumped(stages.size() + 1);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < running.size(); ++i) {
    threads.emplace_back([&, i] {
      block_sigpipe();
      FdOutput to(running[i].child.stdin_fd());
      if (i == 0) {
        pumped[0] = pump(input, to);
      } else {
        FdInput from(running[i - 1].child.stdout_fd());
        pumped[i] = pump(from, to);
      }
      running[i].child.close_stdin();
    });
  }
  FdInput last(running.back().child.stdout_fd());
  pumped.back() = pump(last, output);
  for (std::thread& thread : threads) thread.join();

  for (RunningStage& stage : running) TRY(judge(stage));
  ChainDigests digests;
  digests.input = pumped.front().digest;
  for (std::size_t i = 0; i < pumped.size(); ++i) {
    if (is_real(pumped[i].failure)) return *pumped[i].failure;
    if (i > 0) digests.outputs.push_back(pumped[i].digest);
  }
  return digests;
}

}  // namespace lazylfs::lfs
