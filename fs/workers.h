// A few threads for what must not run on a FUSE worker.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "lfs/base/guarded.h"

namespace lazylfs::fs {

// Thread-safe. The destructor runs what is queued, then joins.
class Workers {
 public:
  explicit Workers(std::size_t threads);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  // `task` may be move-only.
  template <typename Task>
  void post(Task task) {
    auto shared = std::make_shared<Task>(std::move(task));
    push([shared] { (*shared)(); });
  }

 private:
  struct Queue {
    std::deque<std::function<void()>> tasks;
    bool closed = false;
  };

  void push(std::function<void()> task);
  void run();

  Guarded<Queue> queue_;
  std::condition_variable changed_;
  std::vector<std::jthread> threads_;
};

}  // namespace lazylfs::fs
