// Which known names a mistyped word may have meant.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace lazylfs::cli {

// Insertions, deletions and replacements between the two, ignoring ASCII case.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The names at a distance of at most two, and those that `word` begins; in the order of `names`.
std::vector<std::string_view> suggestions(std::string_view word,
                                          std::span<const std::string_view> names);

}  // namespace lazylfs::cli
