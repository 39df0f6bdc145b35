// A range of work on several threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace lazylfs::lfs {

// Calls work(begin, end) for parts that cover [0, count), on as many threads as there are
// processors, at most 8; on the caller's alone where there is less than `part_min` for each.
inline void in_parallel(std::size_t count, std::size_t part_min,
                        const std::function<void(std::size_t, std::size_t)>& work) {
  constexpr std::size_t kThreadsMax = 8;
  const std::size_t processors =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
  const std::size_t parts = std::clamp<std::size_t>(count / part_min, 1, processors);
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < parts; ++i) {
    threads.emplace_back(work, count * i / parts, count * (i + 1) / parts);
  }
  work(0, count / parts);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace lazylfs::lfs
