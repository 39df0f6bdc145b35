// A limit on bytes a second that many transfers share.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lazylfs::lfs {

// A bucket of bytes that fills with time. Transfers move bytes as long as it is not empty, and may
// overdraw it by what they move at once: the debt is waited for, so that the rate holds over time.
// Thread-compatible.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // 0: no limit. Another rate than before counts from `now` on.
  void set(std::uint64_t bytes_per_second, Clock::time_point now) {
    if (bytes_per_second == rate_) return;
    rate_ = bytes_per_second;
    level_ = 0;
    filled_ = now;
  }
  std::uint64_t bytes_per_second() const { return rate_; }

  bool allows(Clock::time_point now) {
    if (rate_ == 0) return true;
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    // What was not used in the last moment is lost: no burst after a pause.
    level_ = std::min(level_ + seconds * static_cast<double>(rate_),
                      static_cast<double>(rate_) * kBurstSeconds);
    filled_ = now;
    return level_ >= 0;
  }
  void moved(std::uint64_t bytes) {
    if (rate_ != 0) level_ -= static_cast<double>(bytes);
  }
  // When allows() will be true again, if nothing more is moved.
  Clock::time_point free_at() const {
    if (rate_ == 0 || level_ >= 0) return filled_;
    const std::chrono::duration<double> wait(-level_ / static_cast<double>(rate_));
    return filled_ + std::chrono::ceil<Clock::duration>(wait);
  }

 private:
  static constexpr double kBurstSeconds = 0.1;

  std::uint64_t rate_ = 0;
  double level_ = 0;  // below zero: debt
  Clock::time_point filled_{};
};

}  // namespace lazylfs::lfs
