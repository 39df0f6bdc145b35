// A task that a thread repeats.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <thread>

#include "lfs/base/guarded.h"

namespace lazylfs::fs {

// Runs `task` every `interval`, first after one interval, until destroyed. Thread-safe.
class Periodic {
 public:
  Periodic(std::chrono::milliseconds interval, std::function<void()> task)
      : interval_(interval), task_(std::move(task)), thread_([this] { run(); }) {}
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;
  ~Periodic() {
    state_.lock()->stop = true;
    changed_.notify_all();
  }

  // Runs the task now, and returns when it has run.
  void run_now() {
    auto state = state_.lock();
    const auto target = state->started + 1;
    state->wanted = target;
    changed_.notify_all();
    while (!state->stop && state->finished < target) changed_.wait(state.mutex_lock());
  }

 private:
  struct State {
    std::uint64_t started = 0, finished = 0, wanted = 0;
    bool stop = false;
  };

  void run() {
    for (;;) {
      std::uint64_t turn = 0;
      {
        auto state = state_.lock();
        changed_.wait_for(state.mutex_lock(), interval_,
                          [&] { return state->stop || state->wanted > state->started; });
        if (state->stop) break;
        turn = ++state->started;
      }
      task_();
      state_.lock()->finished = turn;
      changed_.notify_all();
    }
    changed_.notify_all();
  }

  std::chrono::milliseconds interval_;
  std::function<void()> task_;
  Guarded<State> state_;
  std::condition_variable changed_;
  std::jthread thread_;
};

}  // namespace lazylfs::fs
