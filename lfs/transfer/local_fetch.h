// A fetch of an object that is a file on this machine.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "lfs/base/fetch.h"

namespace lazylfs::lfs {

// Reads `range` of the file at `path` and delivers it; ends early when `cancelled` is set.
void deliver_file(const std::string& path, ByteRange range, const std::atomic<bool>& cancelled,
                  ByteSink& sink);

}  // namespace lazylfs::lfs
