// Small text helpers that the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazylfs {

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);  // ASCII only
// "1", "true", "yes", "on" or "t", in any case: how git-lfs reads a boolean of the environment.
bool is_true(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);

// Takes the text up to `separator` off the front of `rest`, and the separator with it.
std::string_view take_until(std::string_view& rest, char separator);

// `text` in double quotes, escaped as Go's %q does, which upstream's messages use: valid UTF-8
// stays, control characters and bad bytes become \n, \x07, \xff.
std::string go_quoted(std::string_view text);

// A whole decimal number, nothing else around it.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text);

// A size as people write it: "4096", "10k", "1.5GiB", "20 GB"; k, m, g and t alone are binary, as
// in git. Nothing when malformed or beyond 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "107 B", "5.0 KB", "14 MB": SI units as git-lfs prints them.
std::string format_size(std::uint64_t bytes);

// Seconds since 1970 as "2026-01-31T12:00:00Z", and back (fractions and offsets are understood).
std::string format_time(std::int64_t unix_seconds);
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace lazylfs
