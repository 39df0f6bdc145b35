#include "lfs/attributes/path_filter.h"

#include <algorithm>
#include <utility>

#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

std::vector<std::string> clean_list(std::string_view text) {
  std::vector<std::string> patterns;
  if (text.empty()) return patterns;
  for (std::string_view part : split(text, ',')) {
    part = trim(part);
    if (part.ends_with('/')) part.remove_suffix(1);
    patterns.emplace_back(part);
  }
  return patterns;
}

std::vector<PathPattern> compile(const std::vector<std::string>& texts, bool ignore_case) {
  std::vector<PathPattern> patterns;
  patterns.reserve(texts.size());
  for (const std::string& text : texts) patterns.emplace_back(text, ignore_case);
  return patterns;
}

std::string in_brackets(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : " ") + text;
  return '[' + joined + ']';
}

}  // namespace

PathFilter::PathFilter(std::vector<std::string> include, std::vector<std::string> exclude,
                       bool ignore_case)
    : include_(std::move(include)),
      exclude_(std::move(exclude)),
      include_patterns_(compile(include_, ignore_case)),
      exclude_patterns_(compile(exclude_, ignore_case)) {}

PathFilter PathFilter::from(const Config& config, const std::string* include_option,
                            const std::string* exclude_option, bool use_configuration) {
  const auto choose = [&](const std::string* option, const char* key) {
    if (option != nullptr) return clean_list(*option);
    return use_configuration ? clean_list(config.get(key).value_or(""))
                             : std::vector<std::string>();
  };
  return PathFilter(choose(include_option, "lfs.fetchinclude"),
                    choose(exclude_option, "lfs.fetchexclude"),
                    config.get_bool("core.ignorecase", false));
}

bool PathFilter::allows(std::string_view path) const {
  const auto matches = [&](const PathPattern& pattern) { return pattern.matches(path); };
  if (!include_.empty() && std::ranges::none_of(include_patterns_, matches)) {
    TRACE(TraceArea::general,
          "filepathfilter: rejecting \"" << path << "\" via " << in_brackets(include_));
    return false;
  }
  const auto excluded = std::ranges::find_if(exclude_patterns_, matches);
  if (excluded != exclude_patterns_.end()) {
    TRACE(TraceArea::general,
          "filepathfilter: rejecting \"" << path << "\" via \"" << excluded->text() << '"');
    return false;
  }
  TRACE(TraceArea::general, "filepathfilter: accepting \"" << path << '"');
  return true;
}

bool PathFilter::may_allow_below(std::string_view path) const {
  return include_patterns_.empty() ||
         std::ranges::any_of(include_patterns_, [&](const PathPattern& pattern) {
           return pattern.may_match_below(path);
         });
}

}  // namespace lazylfs::lfs
