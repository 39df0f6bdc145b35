// The one place where an Error becomes the errno that a reader of the mount sees.
#pragma once

#include <string_view>

#include "lfs/base/error.h"

namespace lazylfs::fs {

// What was asked: a name that is not there is ENOENT, content that the server lacks is ENODATA.
enum class Asked { name, content };

int to_errno(const Error& error, Asked asked);

// "EACCES"; "errno" for one that to_errno never gives.
std::string_view errno_name(int value);

}  // namespace lazylfs::fs
