#include "cli/checkout_workers.h"

#include <algorithm>

namespace lazylfs::cli {
namespace {

constexpr unsigned kThreadsMax = 8;
constexpr std::size_t kWaitingPerThread = 16;  // another thread is worth its start only above this

}  // namespace

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
