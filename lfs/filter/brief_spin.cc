#include "lfs/filter/brief_spin.h"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <thread>

namespace lazylfs::lfs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kMost{150};
constexpr unsigned kPauseMax = 64;

}  // namespace

std::chrono::microseconds BriefSpin::most_here() {
  return std::thread::hardware_concurrency() > 1 ? kMost : std::chrono::microseconds(0);
}

void BriefSpin::wait(int fd) {
  if (most_.count() == 0) return;
  if (left_out_ > 0) {
    --left_out_;
    return;
  }
  pollfd readable{fd, POLLIN, 0};
  const Clock::time_point until = Clock::now() + most_;
  while (::poll(&readable, 1, 0) == 0) {
    if (Clock::now() >= until) {
      pause_ = std::min(2 * pause_ + 1, kPauseMax);
      left_out_ = pause_;
      return;
    }
    ::sched_yield();
  }
  pause_ = 0;
}

}  // namespace lazylfs::lfs
