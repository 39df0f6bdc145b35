// Bytes as a descriptor, for readers that take one.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "lfs/base/fd.h"

namespace lazylfs {

// Open at its beginning.
inline Fd memory_file(std::string_view content) {
  Fd file(::memfd_create("fuzz", MFD_CLOEXEC));
  if (!file || !write_all(file.get(), content) || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    std::abort();
  }
  return file;
}

}  // namespace lazylfs
