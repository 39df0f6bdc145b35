#include "lfs/migrate/attribute_lines.h"

#include "lfs/attributes/attribute_editor.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kTracked = " filter=lfs diff=lfs merge=lfs -text";
constexpr std::string_view kNotTracked = " !text -filter -merge -diff";
constexpr std::string_view kUnspecified = " !text !filter !merge !diff";

}  // namespace

bool AttributeLines::add(std::string line) {
  if (!known_.insert(line).second) return false;
  lines_.push_back(std::move(line));
  return true;
}

AttributeLines lines_of_patterns(const std::vector<std::string>& include,
                                 const std::vector<std::string>& exclude, Direction direction) {
  const bool importing = direction == Direction::to_lfs;
  AttributeLines lines;
  for (const std::string& pattern : include) {
    lines.add(escape_attribute_pattern(pattern, false) +
              std::string(importing ? kTracked : kUnspecified));
  }
  for (const std::string& pattern : exclude) {
    lines.add(escape_attribute_pattern(pattern, false) +
              std::string(importing ? kNotTracked : kTracked));
  }
  return lines;
}

std::string line_of_file(std::string_view path, bool whole_path) {
  const std::size_t name_at = path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1;
  const std::size_t dot = path.substr(name_at).rfind('.');
  if (dot != std::string_view::npos && !whole_path) {
    return '*' + escape_attribute_pattern(path.substr(name_at + dot), true) + std::string(kTracked);
  }
  return '/' + escape_attribute_pattern(path, true) + std::string(kTracked);
}

std::string merge_attributes(std::string_view text, const AttributeLines& ours, std::size_t count) {
  AttributeLines merged;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    merged.add(std::string(line));
  }
  for (std::size_t i = 0; i < count; ++i) merged.add(ours.lines()[i]);
  std::string result;
  for (const std::string& line : merged.lines()) result += line + '\n';
  return result;
}

}  // namespace lazylfs::lfs
