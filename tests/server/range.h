// The Range header of a download.
#pragma once

#include <cstdint>
#include <string_view>

#include "lfs/base/oid.h"

namespace lazylfs::server {

struct RangeRequest {
  enum class Outcome { whole, part, unsatisfiable } outcome = Outcome::whole;
  ByteRange range;
};
// What the Range header `value` selects of `size` bytes. Several ranges, other units and malformed
// headers select the whole.
RangeRequest parse_range(std::string_view value, std::uint64_t size);

}  // namespace lazylfs::server
