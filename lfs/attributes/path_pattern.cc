#include "lfs/attributes/path_pattern.h"

#include <algorithm>

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kGlobBytes = "*?[\\";

// The pattern without what only says where it applies.
std::string_view core_of(std::string_view text) {
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.starts_with('/')) text.remove_prefix(1);
  return text;
}

bool is_for_names(std::string_view text) {
  return text.find('/') == std::string_view::npos || text.find('/') == text.size() - 1;
}

}  // namespace

PathPattern::PathPattern(std::string_view text, bool ignore_case)
    : text_(text),
      folders_only_(text.ends_with('/')),
      names_(is_for_names(text)),
      plain_(!ignore_case && text.find_first_of(kGlobBytes) == std::string_view::npos),
      literal_(plain_ ? core_of(text) : ""),
      front_(ignore_case ? "" : core_of(text).substr(0, core_of(text).find_first_of(kGlobBytes))),
      glob_(plain_ ? "" : core_of(text), Slashes::within_names, ignore_case) {}

bool PathPattern::may_match_below(std::string_view folder) const {
  const std::size_t common = std::min(folder.size(), front_.size());
  return names_ || folder.substr(0, common) == std::string_view(front_).substr(0, common);
}

bool PathPattern::matches(std::string_view path) const {
  std::size_t start = 0;
  while (start < path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const bool is_folder = end < path.size();
    const std::string_view candidate =
        names_ ? path.substr(start, end - start) : path.substr(0, end);
    if (is_folder || !folders_only_) {
      if (plain_ ? candidate == literal_ : glob_.matches(candidate)) return true;
    }
    start = end + 1;
  }
  return false;
}

}  // namespace lazylfs::lfs
