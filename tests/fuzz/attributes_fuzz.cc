// Any bytes as a .gitattributes file and as a path: rules are read and matched in bounded time, and
// a pattern that `track` would write for a file's name matches that file, when Git would read it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lfs/attributes/attribute_editor.h"
#include "lfs/attributes/filter_attributes.h"
#include "lfs/attributes/path_pattern.h"

namespace {

using namespace lazylfs::lfs;

void require(bool holds) {
  if (!holds) std::abort();
}

// What can be tracked by its name: no quotes (Git's own notation) and nothing that ends a line.
bool is_plain_name(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '/' || c == '"' || c == '\x7f') return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The first line is the path, the rest the file.
  const std::size_t end = text.find('\n');
  const std::string_view path = text.substr(0, end);
  const std::string_view file = end == std::string_view::npos ? "" : text.substr(end + 1);
  const auto root = AttributeRules::parse_root(file);
  const auto below = AttributeRules::parse(file, root->macros());
  FolderFilter filter("a/b", {{"", root}, {"a", below}});
  (void)filter.is_lfs(path);
  for (const AttributeRules::Rule& rule : root->rules()) (void)rule.pattern.matches(path);

  const std::string_view pattern = file.substr(0, file.find('\n'));
  for (const bool ignore_case : {false, true}) {
    (void)PathPattern(std::string(pattern), ignore_case).matches(path);
    (void)WildPattern(pattern, Slashes::cross, ignore_case).matches(path);
    (void)WildPattern(pattern, Slashes::within_names, ignore_case).matches(path);
  }
  const std::string escaped = escape_attribute_pattern(path, true);
  if (is_plain_name(path) && escaped.size() <= kAttributePatternBytesMax) {
    // Not the first line, whose byte order mark would be the file's.
    const std::string line = "#\n" + escaped + " filter=lfs diff=lfs merge=lfs -text lockable\n";
    FolderFilter tracked("", {{"", AttributeRules::parse_root(line)}});
    require(tracked.is_lfs(path));
  }
  return 0;
}
