// Pointer extensions: programs that a user puts around every object, lfs.extension.<name>.*.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

// Value.
struct Extension {
  std::string name;
  std::string clean, smudge;  // command lines
  std::int64_t priority = 0;
};

// Every extension of the configuration, by priority, then in the order of the configuration.
std::vector<Extension> all_extensions(const Config& config);

// all_extensions(), or those of them that have a command. Errc::invalid, in upstream's words, when
// two of these have the same priority.
enum class Extensions { all, with_command };
Result<std::vector<Extension>> sorted_extensions(const Config& config,
                                                 Extensions which = Extensions::with_command);

// `command` as upstream splits it, at every single space, with `path` in the place of "%f" in each
// argument. No shell: what a file name holds is never interpreted.
std::vector<std::string> extension_arguments(std::string_view command, std::string_view path);

}  // namespace lazylfs::lfs
