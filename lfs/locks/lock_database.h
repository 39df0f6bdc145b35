// The bytes of <lfs>/lockcache.db, which upstream's client and ours share: which locks this clone
// holds. Documented in docs/FORMATS.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/locks/lock.h"

namespace lazylfs::lfs {

struct LockDatabase {
  std::int64_t version = 0;  // grows with every change, so that a running upstream merges ours
  std::vector<Lock> locks;   // sorted by path
};

// Errc::corrupt for anything but what upstream and we write.
Result<LockDatabase> decode_lock_database(std::string_view bytes);
std::string encode_lock_database(const LockDatabase& database);

}  // namespace lazylfs::lfs
