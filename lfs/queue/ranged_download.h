// One huge object over several connections.
#pragma once

#include <atomic>
#include <cstdint>

#include "lfs/queue/adapter.h"
#include "lfs/queue/partial_file.h"
#include "lfs/queue/storage_call.h"

namespace lazylfs::lfs {

struct RangePlan {
  std::size_t connections = 4;
  std::uint64_t piece_bytes = 8U << 20U;
};

// How it ended, as far as the file tells: all of it received (not yet verified), or an attempt that
// failed. What was received in order stays in the file.
struct RangedEnd {
  bool complete = false;
  bool misled = false;  // the server answered with other ranges than it was asked for
  Attempt attempt;
};

// Appends what is missing to `file`, which must be empty or resumable (resume_from()). Blocks. A
// server that ignores ranges is taken at its word: its first answer is the whole object, received
// over that one connection. Memory: (connections + 2) pieces. `stopped` ends it soon.
RangedEnd download_in_ranges(ApiClient& client, const Action& action, const TransferTask& task,
                             PartialFile& file, const RangePlan& plan,
                             const std::atomic<bool>& stopped);

}  // namespace lazylfs::lfs
