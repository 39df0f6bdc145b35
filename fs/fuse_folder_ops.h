// The FUSE operations on names and folders.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/fuse_api.h"

namespace lazylfs::fs {

void op_lookup(fuse_req_t request, fuse_ino_t parent, const char* name);
void op_forget(fuse_req_t request, fuse_ino_t ino, std::uint64_t count);
void op_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets);
void op_readdir(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset,
                fuse_file_info* info);
void op_readdirplus(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset,
                    fuse_file_info* info);

}  // namespace lazylfs::fs
