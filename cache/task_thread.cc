#include "cache/task_thread.h"

#include <utility>

namespace lazylfs::cache {

TaskThread::TaskThread() : thread_([this] { run(); }) {}

void TaskThread::post_at(Clock::time_point when, Task task) {
  {
    auto state = state_.lock();
    if (state->stopping) return;  // the task dies after the lock is released: it is a parameter
    state->tasks.emplace(when, std::move(task));
  }
  changed_.notify_one();
}

void TaskThread::stop() {
  state_.lock()->stopping = true;
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  // What was not due dies without a lock: its destructors may post.
  std::multimap<Clock::time_point, Task> dropped;
  std::swap(dropped, state_.lock()->tasks);
}

void TaskThread::run() {
  for (;;) {
    Task task;
    {
      auto state = state_.lock();
      for (;;) {
        const auto next = state->tasks.begin();
        const bool due = next != state->tasks.end() && next->first <= Clock::now();
        if (due) {
          task = std::move(next->second);
          state->tasks.erase(next);
          break;
        }
        if (state->stopping) return;
        if (next == state->tasks.end()) {
          changed_.wait(state.mutex_lock());
        } else {
          const Clock::time_point when = next->first;
          changed_.wait_until(state.mutex_lock(), when);
        }
      }
    }
    task();
  }
}

}  // namespace lazylfs::cache
