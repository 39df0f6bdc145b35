#include "cli/suggest.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "lfs/base/text.h"

namespace lazylfs::cli {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::string left = to_lower(a);
  const std::string right = to_lower(b);
  // One row of the usual table: row[j] is the distance from the part of `left` read so far to the
  // first j characters of `right`.
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::vector<std::string_view> suggestions(std::string_view word,
                                          std::span<const std::string_view> names) {
  constexpr std::size_t kDistanceMax = 2;
  const std::string lower = to_lower(word);
  std::vector<std::string_view> near;
  for (const std::string_view name : names) {
    if (edit_distance(word, name) <= kDistanceMax || to_lower(name).starts_with(lower)) {
      near.push_back(name);
    }
  }
  return near;
}

}  // namespace lazylfs::cli
