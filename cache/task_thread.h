// A thread that runs tasks in order, and later ones when their time has come.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <thread>

#include "lfs/base/guarded.h"

namespace lazylfs::cache {

// Thread-safe.
class TaskThread {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;

  TaskThread();
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;
  ~TaskThread() { stop(); }

  // Dropped, unrun, after stop().
  void post(Task task) { post_at(Clock::now(), std::move(task)); }
  void post_after(Clock::duration delay, Task task) {
    post_at(Clock::now() + delay, std::move(task));
  }
  void post_at(Clock::time_point when, Task task);

  // Runs what is due, drops what is not, and ends the thread. Not from a task.
  void stop();

 private:
  void run();

  struct State {
    std::multimap<Clock::time_point, Task> tasks;
    bool stopping = false;
  };
  Guarded<State> state_;
  std::condition_variable changed_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace lazylfs::cache
