#include "lfs/queue/queue.h"

#include <algorithm>

#include "lfs/api/sender.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kBatchSizeMax = 10000;
constexpr std::int64_t kWorkersMax = 256;

// A number of at least one, or the fallback.
std::int64_t positive(const Config& config, std::string_view key, std::int64_t fallback) {
  const std::int64_t value = config.get_int(key, fallback);
  return value >= 1 ? value : fallback;
}

milliseconds delay_cap(const Config& config) {
  constexpr std::int64_t kDefault = 10;
  const std::int64_t seconds = config.get_int("lfs.transfer.maxretrydelay", kDefault);
  return std::chrono::seconds(seconds >= 0 && seconds <= 86400 ? seconds : kDefault);
}

std::optional<std::size_t> fixed_parallelism(const Config& config) {
  const std::int64_t wanted = config.get_int("lfs.concurrenttransfers", 0);
  if (wanted < 1) return std::nullopt;
  return static_cast<std::size_t>(std::min(wanted, kWorkersMax));
}

}  // namespace

TransferQueue::Impl::Impl(TransferEnvironment::Impl& environment, QueueOptions options,
                          TransferObserver* observer)
    : environment_(environment),
      options_(std::move(options)),
      observer_(observer),
      retries_max_(static_cast<int>(std::min<std::int64_t>(
          1000, positive(environment.config(), "lfs.transfer.maxretries", 8)))),
      retry_delay_cap_(delay_cap(environment.config())),
      retry_time_max_(positive(environment.config(), "lfs.transfer.maxretrytime", 300)) {
  auto state = state_.lock();
  state->batch_size = static_cast<std::size_t>(
      std::min(kBatchSizeMax, positive(environment.config(), "lfs.transfer.batchsize", 100)));
  state->parallelism = Parallelism(fixed_parallelism(environment.config()));
}

TransferQueue::Impl::~Impl() {
  {
    auto state = state_.lock();
    const bool was_waited_for = state->closed && state->unfinished == 0;
    if (was_waited_for && state->batchers.empty() && state->workers.empty()) return;
    state->closed = true;
    state->stopping = true;
  }
  batch_wanted_.notify_all();
  object_ready_.notify_all();
  // A thread may be about to send a request: so again, until all have ended.
  while (true) {
    {
      auto lines = lines_.lock();
      for (auto& [name, adapter] : lines->adapters) adapter->stop();
    }
    environment_.cancel_under_way(options_.operation, options_.remote);
    auto state = state_.lock();
    const auto is_idle = [&] { return state->batches_under_way == 0 && state->moving == 0; };
    if (all_ended_.wait_for(state.mutex_lock(), milliseconds(20), is_idle)) break;
  }
  join();
}

void TransferQueue::Impl::join() {
  std::vector<std::thread> threads;
  {
    auto state = state_.lock();
    state->stopping = true;
    threads = std::exchange(state->batchers, {});
    for (std::thread& worker : state->workers) threads.push_back(std::move(worker));
    state->workers.clear();
  }
  batch_wanted_.notify_all();
  object_ready_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void TransferQueue::Impl::add(TransferJob job) {
  std::optional<std::string> here;
  if (options_.operation == Operation::download && !options_.refetch) {
    here = environment_.store().find(job.id);
  }
  TransferOutcome known;
  {
    auto state = state_.lock();
    if (state->closed) return;
    std::unique_ptr<Object>& object = state->objects[job.id.oid];
    const bool is_new = object == nullptr;
    if (is_new) object = std::make_unique<Object>();
    if (!is_new && !object->ended) {
      object->names.push_back(std::move(job.name));
      return;
    }
    if (is_new) {
      object->id = job.id;
      object->names.push_back(job.name);
      if (!here) {
        state->fresh.push_back(object.get());
        ++state->unfinished;
        if (may_begin_batch(*state) && state->idle_batchers == 0 &&
            state->batchers.size() < kBatchersMax) {
          state->batchers.emplace_back([this] { run_batches(); });
        }
        if (may_begin_batch(*state)) batch_wanted_.notify_one();
        return;
      }
      object->ended = true;
      object->path = *here;
    }
    known = {object->id, {std::move(job.name)}, object->result, false, object->path,
             {},         object->fault};
  }
  tell([&](TransferObserver& observer) {
    if (known.result) observer.skipped({known.id, known.names.front()});
    observer.finished(known);
  });
}

void TransferQueue::Impl::flush() {
  auto state = state_.lock();
  if (state->fresh.empty()) return;
  state->urgent = true;
  if (state->idle_batchers == 0 && state->batchers.size() < kBatchersMax) {
    state->batchers.emplace_back([this] { run_batches(); });
  }
  batch_wanted_.notify_all();
}

std::vector<Error> TransferQueue::Impl::wait() {
  flush();
  {
    auto state = state_.lock();
    state->closed = true;
    batch_wanted_.notify_all();
    all_ended_.wait(state.mutex_lock(), [&] { return state->unfinished == 0; });
  }
  join();
  return std::exchange(state_.lock()->errors, {});
}

TransferJob TransferQueue::Impl::job_of(const Object& object) const {
  return {object.id, object.names.front()};
}

// The only way in which an object ends. `listed`: its error belongs into wait()'s list.
void TransferQueue::Impl::end(Object& object, Result<void> result, bool moved, bool listed) {
  TransferOutcome outcome;
  {
    auto state = state_.lock();
    object.ended = true;
    object.result = result;
    object.moved = moved;
    outcome = {object.id,   object.names, std::move(result),
               moved,       object.path,  std::move(object.entry),
               object.fault};
    if (!outcome.result && listed) state->errors.push_back(outcome.result.error());
  }
  tell([&](TransferObserver& observer) { observer.finished(outcome); });
  auto state = state_.lock();
  if (--state->unfinished > 0) return;
  all_ended_.notify_all();
}

void TransferQueue::Impl::retry_or_end(Object& object, const Error& error, int retries,
                                       std::optional<std::int64_t> retry_after, bool listed) {
  const std::string oid = object.id.oid.hex();
  bool again = object.tries < std::min(retries, retries_max_) && error.code() != Errc::cancelled;
  if (again && retry_after && *retry_after > retry_time_max_) {
    TRACE(TraceArea::general, "tq: refusing to retry \"" << oid << "\", retry after "
                                                         << *retry_after << "s exceeds maximum "
                                                         << retry_time_max_ << "s");
    again = false;
  }
  {
    auto state = state_.lock();
    again = again && !state->aborted && !state->stopping;
    if (again) {
      ++object.tries;
      const milliseconds delay = retry_after ? milliseconds(std::chrono::seconds(*retry_after))
                                             : backoff_delay(object.tries, retry_delay_cap_);
      TRACE(TraceArea::general, "tq: retrying object " << oid << ": " << error.message());
      TRACE(TraceArea::general, "tq: enqueue retry #"
                                    << object.tries << " after "
                                    << std::chrono::duration<double>(delay).count() << "s for \""
                                    << oid << "\" (size: " << object.id.size << ")");
      state->later.emplace(Clock::now() + delay, &object);
    }
  }
  if (!again) {
    end(object, error, false, listed);
    return;
  }
  environment_.metrics().add(Counter::http_retries);
  batch_wanted_.notify_all();
}

// An object that nobody has makes the rest of the push pointless.
void TransferQueue::Impl::abort_rest(const Oid& culprit) {
  TRACE(TraceArea::general, "tq: stopping batched queue, object \""
                                << culprit.hex() << "\" missing locally and on remote");
  std::vector<Object*> dropped;
  {
    auto state = state_.lock();
    state->aborted = true;
    for (Object* object : state->fresh) dropped.push_back(object);
    for (Object* object : state->ready) dropped.push_back(object);
    for (const auto& [when, object] : state->later) dropped.push_back(object);
    state->fresh.clear();
    state->ready.clear();
    state->later.clear();
  }
  for (Object* object : dropped) {
    end(*object, Error(Errc::cancelled, "not uploaded: another object is missing"), false, false);
  }
}

TransferQueue::TransferQueue(TransferEnvironment& environment, QueueOptions options,
                             TransferObserver* observer)
    : impl_(std::make_unique<Impl>(environment.impl(), std::move(options), observer)) {}
TransferQueue::~TransferQueue() = default;
void TransferQueue::add(TransferJob job) { impl_->add(std::move(job)); }
void TransferQueue::flush() { impl_->flush(); }
std::vector<Error> TransferQueue::wait() { return impl_->wait(); }

}  // namespace lazylfs::lfs
