// Sizes as `migrate` reads and prints them: upstream's units, of which "k" alone is none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// "kb" is 1000 bytes, "KiB" 1024; "" and "b" are bytes. Errc::invalid in upstream's words.
Result<std::uint64_t> parse_byte_unit(std::string_view text);
// "1b", "20 MB", "3 TiB", "1.5mb", "1,000"; no number is none. Errc::invalid in upstream's words.
Result<std::uint64_t> parse_byte_size(std::string_view text);
// `bytes` in units of `unit`, without the unit's name.
std::string format_in_unit(std::uint64_t bytes, std::uint64_t unit);

}  // namespace lazylfs::lfs
