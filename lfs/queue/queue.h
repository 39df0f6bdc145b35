// The inside of TransferQueue: objects on their way from add() to their end.
//
//   fresh → (batch call) → ready → (worker) → ended
//     ↑____________________________|  later: after a failure that may pass, with a new batch call
//
// Batchers ask the server, a few calls at a time, while workers move what earlier calls allowed.
// Both kinds of threads are made when there is work for them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/queue/adapter.h"
#include "lfs/queue/batch_source.h"
#include "lfs/queue/environment.h"
#include "lfs/queue/parallelism.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

// Batch calls under way at once.
constexpr std::size_t kBatchersMax = 4;

// Thread-safe.
class TransferQueue::Impl {
 public:
  using Clock = std::chrono::steady_clock;

  Impl(TransferEnvironment::Impl& environment, QueueOptions options, TransferObserver* observer);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void add(TransferJob job);
  void flush();
  std::vector<Error> wait();

 private:
  struct Object {
    ObjectId id;
    std::vector<std::string> names;
    int tries = 0;  // that failed
    bool expected = false;
    bool ended = false;
    LocalFault fault = LocalFault::none;
    Result<void> result;
    bool moved = false;
    std::string path;
    Json entry;
    TransferAdapter* adapter = nullptr;
  };
  struct State {
    std::unordered_map<Oid, std::unique_ptr<Object>> objects;
    std::deque<Object*> fresh;
    std::multimap<Clock::time_point, Object*> later;
    std::deque<Object*> ready;
    std::size_t unfinished = 0;
    std::size_t batches_under_way = 0, moving = 0;
    std::size_t batch_size = 100;
    std::size_t idle_batchers = 0, idle_workers = 0;
    bool urgent = false;   // batches need not be full
    bool closed = false;   // no more jobs
    bool aborted = false;  // what does not move yet shall not
    bool stopping = false;
    Parallelism parallelism{std::nullopt};
    std::vector<Error> errors;
    std::vector<std::thread> batchers, workers;
  };
  using Lock = Guarded<State>::Lock;
  using Batch = std::vector<Object*>;

  // queue.cc
  void end(Object& object, Result<void> result, bool moved, bool listed = true);
  void retry_or_end(Object& object, const Error& error, int retries,
                    std::optional<std::int64_t> retry_after, bool listed);
  void abort_rest(const Oid& culprit);
  void join();
  TransferJob job_of(const Object& object) const;
  template <typename Call>
  void tell(Call call);

  // queue_batches.cc
  void run_batches();
  bool next_batch(Batch& batch);
  bool may_begin_batch(const State& state) const;
  bool take_from_exchange(Object& object);
  void ask(Batch batch);
  void after_failed_batch(const Batch& batch, const BatchOutcome& outcome);
  void after_answer(const Batch& batch, BatchAnswer answer);
  void route(Object& object, Json entry, TransferAdapter& adapter);
  bool check_local_file(Object& object);
  void make_ready(Object& object, Json entry, TransferAdapter& adapter);
  Result<TransferAdapter*> adapter_called(const std::string& name);
  BatchSource* source();

  // queue_workers.cc
  void run_worker(std::size_t index);
  Object* next_ready(std::size_t index);
  void move(Object& object, std::size_t index);
  void start_workers(Lock& state);

  TransferEnvironment::Impl& environment_;
  const QueueOptions options_;
  TransferObserver* const observer_;
  const int retries_max_;
  const std::chrono::milliseconds retry_delay_cap_;
  const std::int64_t retry_time_max_;  // seconds

  Guarded<State> state_;
  std::condition_variable batch_wanted_, object_ready_, all_ended_;
  std::mutex telling_;
  struct Lines {
    std::unique_ptr<BatchSource> source;
    std::optional<Error> no_source;
    std::string standalone;
    std::map<std::string, std::unique_ptr<TransferAdapter>> adapters;
    std::map<std::string, TransferAdapter*> made_for;  // by the server's name for it
  };
  Guarded<Lines> lines_;
};

// Told one at a time, with no lock of the queue's held.
template <typename Call>
void TransferQueue::Impl::tell(Call call) {
  if (observer_ == nullptr) return;
  const std::lock_guard lock(telling_);
  call(*observer_);
}

}  // namespace lazylfs::lfs
