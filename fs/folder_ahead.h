// Read-ahead across the files of a folder.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "fs/tree.h"
#include "lfs/base/guarded.h"

namespace lazylfs::fs {

struct FolderAheadLimits {
  std::uint64_t file_bytes_max = 4U << 20U;  // larger files read themselves ahead
  std::uint64_t bytes_max = 64U << 20U;      // for one step
  std::size_t files_max = 64;
  int files_in_order_min = 2;  // before anything is prefetched
};

// Recognises that files are read in the order of their folder. A file that was foreseen as a
// neighbour of one read before continues that run; the longer the run, the further it looks ahead.
// Several readers that share the work (a data loader) make one run. Pure; thread-safe.
class FolderAhead {
 public:
  explicit FolderAhead(FolderAheadLimits limits = {}) : limits_(limits) {}

  // `ino` is read for the first time; `next` are the files after it. Which of them to prefetch.
  std::vector<Sibling> on_first_read(InodeNumber ino, std::uint64_t size,
                                     const std::vector<Sibling>& next);

 private:
  struct Foreseen {
    int run = 0;
    bool prefetched = false;
  };
  struct State {
    std::unordered_map<std::uint64_t, Foreseen> foreseen;
    std::deque<std::uint64_t> order;  // of insertion, to bound the map
  };

  FolderAheadLimits limits_;
  Guarded<State> state_;
};

}  // namespace lazylfs::fs
