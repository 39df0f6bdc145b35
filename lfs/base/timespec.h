// Times of the kernel as one number.
#pragma once

#include <cstdint>
#include <ctime>

namespace lazylfs {

inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// Since the epoch, or of a clock since its own start.
constexpr std::int64_t nanoseconds(const struct timespec& time) {
  return std::int64_t{time.tv_sec} * kNanosecondsPerSecond + time.tv_nsec;
}

}  // namespace lazylfs
