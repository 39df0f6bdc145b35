// The FUSE operations: from libfuse's C callbacks to the file system and back.
#pragma once

#include "fs/fuse_api.h"

namespace lazylfs::fs {

// The session's user data must be a FileSystem.
fuse_lowlevel_ops fuse_operations();

// For requests that wait; see ReadPath::interrupt.
void on_interrupt(fuse_req_t request, void* id);

}  // namespace lazylfs::fs
