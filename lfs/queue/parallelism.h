// How many objects to move at once.
//
// A fixed number suits no line: small objects over a line with 20 ms of delay want many requests
// under way, a local server wants few, and a large object fills the line alone. Unless
// lfs.concurrenttransfers names a number, the queue begins with upstream's eight and doubles while
// two things hold: objects are small and answers slow, so that time goes into waiting; and the last
// doubling moved clearly more objects a second. A server that says "too many" halves it for good.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lazylfs::lfs {

// Thread-compatible.
class Parallelism {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kFirst = 8;
  static constexpr std::size_t kMost = 64;

  explicit Parallelism(std::optional<std::size_t> fixed)
      : adapts_(!fixed), limit_(fixed ? *fixed : kFirst) {}

  std::size_t limit() const { return limit_; }
  // An attempt of `bytes` that took `elapsed` ended at `now`.
  void record(Clock::time_point now, Clock::duration elapsed, std::uint64_t bytes);
  void overloaded();

 private:
  void judge(double rate);

  bool adapts_;
  std::size_t limit_;
  // The window under way.
  Clock::time_point began_{};
  std::size_t ended_ = 0;
  std::uint64_t bytes_ = 0;
  Clock::duration waited_{};
  double rate_to_beat_ = 0;  // objects a second, when the number was last raised
  std::size_t settling_ = 0;
  int disappointments_ = 0;
};

}  // namespace lazylfs::lfs
