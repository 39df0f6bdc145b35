#include "lfs/base/trace.h"
#include "lfs/queue/queue.h"

namespace lazylfs::lfs {

// One more worker when nobody is idle and the limits allow.
void TransferQueue::Impl::start_workers(Lock& state) {
  if (state->idle_workers >= state->ready.size() ||
      state->workers.size() >= state->parallelism.limit()) {
    return;
  }
  const std::size_t most = state->ready.back()->adapter->workers_max();
  if (most > 0 && state->workers.size() >= most) return;
  const std::size_t index = state->workers.size();
  state->workers.emplace_back([this, index] { run_worker(index); });
}

void TransferQueue::Impl::run_worker(std::size_t index) {
  while (Object* object = next_ready(index)) {
    move(*object, index);
    auto state = state_.lock();
    --state->moving;
    if (state->stopping) all_ended_.notify_all();  // each needless wake-up costs a switch
  }
}

// Nullptr when there will be no more.
TransferQueue::Impl::Object* TransferQueue::Impl::next_ready(std::size_t index) {
  auto state = state_.lock();
  while (true) {
    if (state->stopping) return nullptr;
    const bool allowed = index < state->parallelism.limit();
    for (auto next = state->ready.begin(); allowed && next != state->ready.end(); ++next) {
      const std::size_t most = (*next)->adapter->workers_max();
      if (most > 0 && index >= most) continue;
      Object* object = *next;
      state->ready.erase(next);
      ++state->moving;
      // Room for the next batch, and maybe for a worker more.
      if (may_begin_batch(*state)) batch_wanted_.notify_one();
      if (!state->ready.empty()) start_workers(state);
      return object;
    }
    ++state->idle_workers;
    object_ready_.wait(state.mutex_lock());
    --state->idle_workers;
  }
}

void TransferQueue::Impl::move(Object& object, std::size_t index) {
  TransferTask task;
  task.id = object.id;
  {
    auto state = state_.lock();  // add() may be giving it another name
    task.name = object.names.front();
  }
  task.local_path = object.path;
  task.entry = object.entry;
  const TransferJob job{task.id, task.name};
  task.progress = [this, &job](std::int64_t bytes) {
    tell([&](TransferObserver& observer) { observer.progressed(job, bytes); });
  };
  const auto started = Clock::now();
  const Attempt attempt = object.adapter->move(task, index);
  const auto now = Clock::now();
  {
    auto state = state_.lock();
    if (attempt.overloaded) {
      state->parallelism.overloaded();
    } else if (attempt.result) {
      state->parallelism.record(now, now - started, object.id.size);
      if (!state->ready.empty()) start_workers(state);
    }
  }
  if (!attempt.result) {
    retry_or_end(object, attempt.result.error(), attempt.retries, attempt.retry_after, true);
    return;
  }
  if (options_.operation == Operation::download) {
    object.path = environment_.store().object_path(object.id.oid);
    if (ObjectExchange* exchange = environment_.options().exchange; exchange != nullptr) {
      exchange->offer(object.id, object.path);
    }
  }
  end(object, {}, true);
}

}  // namespace lazylfs::lfs
