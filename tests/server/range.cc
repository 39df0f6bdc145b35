#include "tests/server/range.h"

#include <algorithm>

#include "lfs/base/text.h"

namespace lazylfs::server {

RangeRequest parse_range(std::string_view value, std::uint64_t size) {
  const RangeRequest whole{RangeRequest::Outcome::whole, {.offset = 0, .length = size}};
  const RangeRequest nothing{RangeRequest::Outcome::unsatisfiable, {}};
  constexpr std::string_view kUnit = "bytes=";
  if (!value.starts_with(kUnit) || value.find(',') != std::string_view::npos) return whole;
  value.remove_prefix(kUnit.size());
  if (value.find('-') == std::string_view::npos) return whole;
  const std::string_view from = take_until(value, '-');
  const auto first = parse_uint(from);
  const auto last = parse_uint(value);
  if (from.empty()) {
    if (!last) return whole;
    if (*last == 0 || size == 0) return nothing;
    const std::uint64_t length = std::min(*last, size);
    return {RangeRequest::Outcome::part, {.offset = size - length, .length = length}};
  }
  if (!first || (!value.empty() && (!last || *last < *first))) return whole;
  if (*first >= size) return nothing;
  const std::uint64_t end = last ? std::min(*last, size - 1) + 1 : size;
  return {RangeRequest::Outcome::part, {.offset = *first, .length = end - *first}};
}

}  // namespace lazylfs::server
