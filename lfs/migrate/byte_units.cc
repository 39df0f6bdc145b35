#include "lfs/migrate/byte_units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr auto kUnits = std::to_array<Unit>({
    {"", 1},
    {"b", 1},
    {"kb", 1'000},
    {"mb", 1'000'000},
    {"gb", 1'000'000'000},
    {"tb", 1'000'000'000'000},
    {"pb", 1'000'000'000'000'000},
    {"kib", 1ULL << 10U},
    {"mib", 1ULL << 20U},
    {"gib", 1ULL << 30U},
    {"tib", 1ULL << 40U},
    {"pib", 1ULL << 50U},
});

}  // namespace

Result<std::uint64_t> parse_byte_unit(std::string_view text) {
  const std::string_view name = trim(text);
  for (const Unit& unit : kUnits) {
    if (equals_ignoring_case(unit.name, name)) return unit.bytes;
  }
  return Error(Errc::invalid, "unknown unit: " + go_quoted(name));
}

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789.,"), text.size());
  std::string digits;
  for (const char c : text.substr(0, end)) {
    if (c != ',') digits += c;
  }
  const std::uint64_t unit = TRY(parse_byte_unit(text.substr(end)));
  double number = 0;
  if (!digits.empty()) {
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || stop != digits.data() + digits.size()) {
      return Error(Errc::invalid,
                   "strconv.ParseFloat: parsing " + go_quoted(digits) + ": invalid syntax");
    }
  }
  const double bytes = number * static_cast<double>(unit);
  if (bytes >= std::ldexp(1.0, 63)) return Error(Errc::invalid, "too large: " + go_quoted(text));
  return static_cast<std::uint64_t>(bytes);
}

std::string format_in_unit(std::uint64_t bytes, std::uint64_t unit) {
  std::array<char, 64> text{};
  if (unit == 1) return std::to_string(bytes);
  // As upstream, fewer than ten bytes are told as they are, whatever the unit.
  const double count = static_cast<double>(bytes) / static_cast<double>(bytes < 10 ? 1 : unit);
  // One decimal below ten, after rounding as upstream does.
  const double rounded = std::floor(count * 10 + 0.5) / 10;
  const int length = rounded < 10 ? std::snprintf(text.data(), text.size(), "%.1f", rounded)
                                  : std::snprintf(text.data(), text.size(), "%.0f", rounded);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace lazylfs::lfs
