// Copies of whole files: shared blocks where the file system can, bytes where it cannot.
#pragma once

#include <cstdint>
#include <string>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// Makes the empty file `to` share the content of `from`; false where the file system cannot.
bool reflink(int from, int to);

// Copies what is left of `from`, about `size` bytes, to `to`: in the kernel where it can.
Result<std::uint64_t> copy_content(int from, int to, std::uint64_t size);

// Gives `to` (which must not exist) the content of `from`: reflink, else copy. Returns the bytes.
Result<std::uint64_t> clone_file(const std::string& from, const std::string& to, unsigned mode);

}  // namespace lazylfs::lfs
