#include "lfs/queue/parallelism.h"

#include <algorithm>

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kAttemptsPerWorker = 3;  // in a window
constexpr std::chrono::milliseconds kSlowAnswer{8};
constexpr std::uint64_t kSmallBytes = 1U << 20U;
constexpr double kClearGain = 1.15;
constexpr int kDisappointmentsMax = 3;

}  // namespace

void Parallelism::record(Clock::time_point now, Clock::duration elapsed, std::uint64_t bytes) {
  if (!adapts_) return;
  if (settling_ > 0) {  // the new connections of a larger number are being made
    --settling_;
    return;
  }
  if (ended_ == 0) began_ = now - elapsed;
  ++ended_;
  bytes_ += bytes;
  waited_ += elapsed;
  if (ended_ < kAttemptsPerWorker * limit_) return;
  const double seconds = std::max(1e-6, std::chrono::duration<double>(now - began_).count());
  judge(static_cast<double>(ended_) / seconds);
  ended_ = 0;
  bytes_ = 0;
  waited_ = {};
}

// A window ended in which `rate` objects a second were moved.
void Parallelism::judge(double rate) {
  const bool small = bytes_ / ended_ < kSmallBytes;
  const bool slow = waited_ / static_cast<Clock::rep>(ended_) >= kSlowAnswer;
  if (!small || !slow) return;
  if (rate < rate_to_beat_ * kClearGain) {
    // Other programs may have been busy: more than one window must say so.
    adapts_ = ++disappointments_ < kDisappointmentsMax;
    return;
  }
  disappointments_ = 0;
  rate_to_beat_ = rate;
  limit_ = std::min(kMost, limit_ * 2);
  settling_ = limit_;
  adapts_ = limit_ < kMost;
}

void Parallelism::overloaded() {
  adapts_ = false;
  limit_ = std::max<std::size_t>(1, limit_ / 2);
}

}  // namespace lazylfs::lfs
