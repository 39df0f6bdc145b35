// Who we say we are: `git lfs version`, and the User-Agent of every request.
#pragma once

#include <string_view>

namespace lazylfs {

// The version of Git LFS whose behaviour this program follows. Scripts compare what stands after
// "git-lfs/" with the version they need; our own number stands in the parentheses.
#define LAZYLFS_COMPATIBLE_VERSION "3.7.0"

#if defined(__aarch64__)
#define LAZYLFS_MACHINE "arm64"
#else
#define LAZYLFS_MACHINE "amd64"
#endif

// "git-lfs/3.7.0 (lazylfs 0.1.0; linux amd64; c++ 20)"
inline constexpr std::string_view kVersionLine =
    "git-lfs/" LAZYLFS_COMPATIBLE_VERSION " (lazylfs " LAZYLFS_VERSION "; linux " LAZYLFS_MACHINE
    "; c++ 20)";

}  // namespace lazylfs
