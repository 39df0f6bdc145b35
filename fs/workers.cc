#include "fs/workers.h"

namespace lazylfs::fs {

Workers::Workers(std::size_t threads) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Workers::~Workers() {
  queue_.lock()->closed = true;
  changed_.notify_all();
}

void Workers::push(std::function<void()> task) {
  queue_.lock()->tasks.push_back(std::move(task));
  changed_.notify_one();
}

void Workers::run() {
  for (;;) {
    std::function<void()> task;
    {
      auto queue = queue_.lock();
      while (queue->tasks.empty() && !queue->closed) changed_.wait(queue.mutex_lock());
      if (queue->tasks.empty()) return;
      task = std::move(queue->tasks.front());
      queue->tasks.pop_front();
    }
    task();
  }
}

}  // namespace lazylfs::fs
