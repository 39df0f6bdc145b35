// The options of `git lfs mount` as the file system takes them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "cli/options.h"
#include "fs/mount.h"

namespace lazylfs::cli {

// "30", "1.5s", "100ms", "2m", "1h": a bare number is seconds. Nothing when malformed or not above
// 0.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Paths are made absolute; nothing is looked up. Errc::invalid for a value that is no number, and
// for options that contradict each other.
Result<fs::MountOptions> mount_options_from(const Arguments& arguments);

}  // namespace lazylfs::cli
