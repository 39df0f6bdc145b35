#include "cli/checkout_workers.h"

#include <algorithm>

#include "cli/environment_report.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::cli {
namespace {

constexpr unsigned kThreadsMax = 8;
constexpr std::size_t kWaitingPerThread = 16;  // another thread is worth its start only above this

// "git version 2.39.5" and the like.
bool reads_index(std::string_view version_line) {
  constexpr std::int64_t kMajor = 2;
  constexpr std::int64_t kMinor = 42;
  constexpr std::string_view kBefore = "git version ";
  if (!version_line.starts_with(kBefore)) return false;
  version_line.remove_prefix(kBefore.size());
  const std::int64_t major = parse_int(take_until(version_line, '.')).value_or(0);
  const std::int64_t minor = parse_int(take_until(version_line, '.')).value_or(0);
  return major > kMajor || (major == kMajor && minor >= kMinor);
}

}  // namespace

Result<std::vector<lfs::PointerFile>> checkout_candidates(const Workspace& workspace,
                                                          const lfs::Commit& head,
                                                          const lfs::PathFilter& filter) {
  const lfs::Repository& repository = workspace.repository();
  if (!repository.is_bare() && reads_index(git_version_line())) {
    TRACE(TraceArea::general,
          "run_command: git ls-files --cached --exclude-standard --full-name --sparse -z "
          ":(top,attr:filter=lfs)");
    return lfs::pointers_in_index(repository, filter);
  }
  TRACE(TraceArea::general, "run_command: git ls-tree -r -l -z --full-tree HEAD");
  return lfs::pointers_in_tree(repository, head.tree, filter);
}

CheckoutWorkers::CheckoutWorkers(std::unique_ptr<lfs::WorkTreeWriter> writer, Done done)
    : writer_(std::move(writer)), done_(std::move(done)) {}

Result<std::unique_ptr<CheckoutWorkers>> CheckoutWorkers::start(const Workspace& workspace,
                                                                Done done) {
  auto writer = TRY(lfs::WorkTreeWriter::open(workspace.repository(), workspace.store()));
  return std::unique_ptr<CheckoutWorkers>(new CheckoutWorkers(std::move(writer), std::move(done)));
}

CheckoutWorkers::~CheckoutWorkers() { join(); }

void CheckoutWorkers::add(lfs::PointerFile file) {
  const unsigned threads_max = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
  auto state = state_.lock();
  state->waiting.emplace_back(state->added++, std::move(file));
  const bool busy = state->waiting.size() > kWaitingPerThread * threads_.size();
  if (busy && threads_.size() < threads_max) threads_.emplace_back([this] { work(); });
  changed_.notify_one();
}

void CheckoutWorkers::work() {
  while (true) {
    std::pair<std::size_t, lfs::PointerFile> next;
    {
      auto state = state_.lock();
      changed_.wait(state.mutex_lock(), [&] { return !state->waiting.empty() || state->ended; });
      if (state->waiting.empty()) return;
      next = std::move(state->waiting.front());
      state->waiting.pop_front();
    }
    const lfs::PointerFile& file = next.second;
    const Result<lfs::CheckoutState> written = writer_->check_out(file);
    if (!written) {
      state_.lock()->failures.push_back({next.first, file.path, false, written.error()});
    } else if (*written == lfs::CheckoutState::object_absent) {
      const Error absent(Errc::not_found, "content not local");
      state_.lock()->failures.push_back({next.first, file.path, true, absent});
    }
    if (done_) {
      const std::scoped_lock turn(telling_);
      done_(file);
    }
  }
}

void CheckoutWorkers::join() {
  state_.lock()->ended = true;
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

Result<std::vector<CheckoutFailure>> CheckoutWorkers::finish() {
  join();
  TRY(writer_->refresh_index());
  std::vector<CheckoutFailure> failures = std::move(state_.lock()->failures);
  std::sort(failures.begin(), failures.end(),
            [](const CheckoutFailure& a, const CheckoutFailure& b) { return a.number < b.number; });
  return failures;
}

ExitCode report_failures(Context& context, const Workspace& workspace,
                         const std::vector<CheckoutFailure>& failures) {
  ExitCode code = ExitCode::ok;
  for (const CheckoutFailure& failure : failures) {
    if (failure.absent) {
      context.err << "Skipped checkout for \"" << failure.path
                  << "\", content not local. Use fetch to download.\n";
      continue;
    }
    // Something of the user's is in the way: said and logged, but no reason to fail.
    (void)report_panic(context, workspace, failure.error);
    if (failure.error.code() != Errc::invalid) code = ExitCode::fatal;
  }
  return code;
}

}  // namespace lazylfs::cli
