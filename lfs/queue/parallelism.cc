#include "lfs/queue/parallelism.h"

#include <algorithm>

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kAttemptsPerWorker = 2;  // in a window
constexpr std::chrono::milliseconds kSlowAnswer{8};
constexpr std::uint64_t kSmallBytes = 1U << 20U;
constexpr double kClearGain = 1.25;

}  // namespace

void Parallelism::record(Clock::time_point now, Clock::duration elapsed, std::uint64_t bytes) {
  if (!adapts_) return;
  if (ended_ == 0) began_ = now - elapsed;
  ++ended_;
  bytes_ += bytes;
  waited_ += elapsed;
  if (ended_ < kAttemptsPerWorker * limit_) return;
  const auto count = static_cast<double>(ended_);
  const double seconds = std::max(1e-6, std::chrono::duration<double>(now - began_).count());
  const double rate = count / seconds;
  const bool small = bytes_ / ended_ < kSmallBytes;
  const bool slow = waited_ / static_cast<Clock::rep>(ended_) >= kSlowAnswer;
  if (small && slow && rate >= last_rate_ * kClearGain) {
    limit_ = std::min(kMost, limit_ * 2);
  } else if (small && slow) {
    adapts_ = false;  // more did not help
  }
  last_rate_ = rate;
  ended_ = 0;
  bytes_ = 0;
  waited_ = {};
  if (limit_ == kMost) adapts_ = false;
}

void Parallelism::overloaded() {
  adapts_ = false;
  limit_ = std::max<std::size_t>(1, limit_ / 2);
}

}  // namespace lazylfs::lfs
