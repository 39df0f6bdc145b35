// Files of the work tree that share their bytes on disk with the object in the store.
#pragma once

#include <string>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

// Whether files in `folder`, which must be writable, can share blocks (FICLONE). The error has the
// system's reason.
Result<void> check_block_sharing(const std::string& folder);

// How the file at `path` and its object at `object` came to share their bytes.
enum class Shared { blocks, hard_link };

// Makes the file share the object's blocks. The kernel compares the two and leaves a file alone
// that differs (Errc::corrupt); its content, times and mode stay as they are. Where the file system
// can clone but not compare, the file is compared here and replaced by a clone.
Result<void> share_blocks(const std::string& object, const std::string& path, std::uint64_t size);

// Replaces the file by a hard link of the object, if nobody may write to the file, and takes the
// write permissions off the object: a change to one would be a change to the other. The two are
// compared first (Errc::corrupt). Errc::read_only when the file may be written to.
Result<void> share_by_link(const std::string& object, const std::string& path, const Oid& oid);

}  // namespace lazylfs::lfs
