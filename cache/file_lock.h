// Open-file-description locks on ranges of positions in a file. The positions need not exist.
#pragma once

#include <cstdint>

#include "lfs/base/result.h"

namespace lazylfs::cache {

enum class LockKind { shared, exclusive };

struct LockRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// False when somebody else's lock is in the way. A lock on positions that this descriptor has
// locked already replaces that lock.
bool try_lock(int fd, LockKind kind, const LockRange& range);
Result<void> wait_for_lock(int fd, LockKind kind, const LockRange& range);
void unlock(int fd, const LockRange& range);
// Where somebody else's lock in `range` begins; the end of `range` when there is none.
std::uint64_t first_conflict(int fd, const LockRange& range);

}  // namespace lazylfs::cache
