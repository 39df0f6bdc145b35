// SIGTERM, SIGINT and SIGHUP as calls on an ordinary thread.
#pragma once

#include <signal.h>

#include <functional>
#include <thread>

#include "lfs/base/fd.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

// Blocks the signals in the thread that makes it, and so in all threads that it starts later.
// Make it before any of them. The destructor restores the thread's mask.
class SignalWatch {
 public:
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  // Calls `on_signal` for each one from now on.
  Result<void> start(std::function<void(int)> on_signal);
  void stop();

 private:
  sigset_t signals_{}, before_{};
  Fd descriptor_;
  Pipe stop_;
  std::jthread thread_;
};

}  // namespace lazylfs::fs
