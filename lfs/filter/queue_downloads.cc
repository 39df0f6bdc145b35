#include "lfs/filter/queue_downloads.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace lazylfs::lfs {

// One queue and what has come out of it. Its queue's threads report, git's requests take.
class QueueDownloads::Round final : public TransferObserver {
 public:
  Round(TransferEnvironment& environment, QueueOptions options, TransferObserver* observer)
      : observer_(observer), queue_(environment, std::move(options), this) {}
  ~Round() override {
    if (waiter_.joinable()) waiter_.join();
  }

  void add(const TransferJob& job) { queue_.add(job); }

  // Closes the queue: no job comes any more.
  void close() {
    if (waiter_.joinable()) return;
    waiter_ = std::thread([this] {
      (void)queue_.wait();  // each error is in its outcome
      state_.lock()->done = true;
      changed_.notify_all();
    });
  }
  bool closed() const { return waiter_.joinable(); }

  // Blocks until there is an outcome; empty: all were taken.
  std::vector<TransferOutcome> take() {
    auto state = state_.lock();
    changed_.wait(state.mutex_lock(), [&] { return state->done || !state->ended.empty(); });
    return std::exchange(state->ended, {});
  }

  void expected(const TransferJob& job) override {
    if (observer_ != nullptr) observer_->expected(job);
  }
  void skipped(const TransferJob& job) override {
    if (observer_ != nullptr) observer_->skipped(job);
  }
  void progressed(const TransferJob& job, std::int64_t bytes) override {
    if (observer_ != nullptr) observer_->progressed(job, bytes);
  }
  void finished(const TransferOutcome& outcome) override {
    if (observer_ != nullptr) observer_->finished(outcome);
    state_.lock()->ended.push_back(outcome);
    changed_.notify_all();
  }

 private:
  struct State {
    std::vector<TransferOutcome> ended;
    bool done = false;
  };

  TransferObserver* observer_;
  Guarded<State> state_;
  std::condition_variable changed_;
  TransferQueue queue_;  // after what its threads touch
  std::thread waiter_;
};

QueueDownloads::QueueDownloads(DownloadSetup setup) : setup_(std::move(setup)) {}
QueueDownloads::~QueueDownloads() = default;

void QueueDownloads::want(const TransferJob& job, std::string_view treeish) {
  if (!round_ || round_->closed()) {
    remote_ = setup_.remote(treeish);
    QueueOptions options;
    options.remote = remote_;
    options.ref = setup_.ref();
    round_ = std::make_unique<Round>(setup_.environment(), std::move(options), setup_.observer);
  }
  round_->add(job);
}

std::vector<TransferOutcome> QueueDownloads::next() {
  if (!round_) return {};
  round_->close();
  std::vector<TransferOutcome> ended = round_->take();
  if (ended.empty()) round_.reset();
  return ended;
}

Result<std::string> QueueDownloads::fetch_from(const TransferJob& job, const std::string& remote) {
  QueueOptions options;
  options.remote = remote;
  options.ref = setup_.ref();
  Round round(setup_.environment(), std::move(options), setup_.observer);
  round.add(job);
  round.close();
  std::optional<TransferOutcome> last;
  for (auto ended = round.take(); !ended.empty(); ended = round.take()) last = ended.back();
  if (!last) return Error(Errc::io, "the download ended without a result");
  if (!last->result) return last->result.error();
  return std::move(last->path);
}

Result<std::string> QueueDownloads::fetch(const TransferJob& job) {
  if (remote_.empty()) remote_ = setup_.remote({});
  Result<std::string> first = fetch_from(job, remote_);
  if (first) return first;
  return fetch_elsewhere(job, first.error());
}

Result<std::string> QueueDownloads::fetch_elsewhere(const TransferJob& job, const Error& first) {
  for (const std::string& remote : setup_.other_remotes()) {
    if (remote == remote_) continue;
    Result<std::string> other = fetch_from(job, remote);
    if (other) return other;
  }
  return first;
}

}  // namespace lazylfs::lfs
