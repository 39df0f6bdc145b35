// Hashing what is on disk again.
#pragma once

#include "cache/core.h"

namespace lazylfs::cache {

// Checks one object and adds to `report`. A bad complete object loses its bad blocks when its
// ledger is known, else all of it.
Result<void> verify_object(Core& core, const IndexRow& row, VerifyReport& report);

}  // namespace lazylfs::cache
