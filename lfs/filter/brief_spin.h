// Waiting without sleeping, where the answer is expected sooner than a sleeper can be woken.
#pragma once

#include <chrono>

namespace lazylfs::lfs {

// Git and a filter take turns, for a small file every 50 to 100 microseconds, and waking the other
// on an idle processor costs about as much (several times that in a virtual machine): a checkout of
// small files spends a third of its time so. Hence the filter looks for the next request a moment
// before it sleeps, and gives its processor to whoever wants it meanwhile. When that was in vain it
// pauses, longer each time, so that a slow peer costs nothing. Thread-compatible.
class BriefSpin {
 public:
  // `most` is zero where a spin is of no use: a single processor.
  explicit BriefSpin(std::chrono::microseconds most = most_here()) : most_(most) {}

  // Returns when `fd` can be read, has ended, or has been looked at for long enough.
  void wait(int fd);

  static std::chrono::microseconds most_here();

 private:
  const std::chrono::microseconds most_;
  unsigned pause_ = 0;  // waits to leave out after the next one in vain
  unsigned left_out_ = 0;
};

}  // namespace lazylfs::lfs
