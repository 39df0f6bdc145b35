// Which files of a commit go through the filter "lfs", by the .gitattributes of its own tree (not
// the user's or the clone's attributes: a snapshot looks the same everywhere). Semantics are git's:
// the file nearest to the path wins, then the last line, then the last state on the line; macros
// come from the root's file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/attribute_line.h"
#include "lfs/attributes/wildmatch.h"

namespace lazylfs::lfs {

// A larger .gitattributes is ignored.
inline constexpr std::size_t kAttributesBytesMax = 16U << 20U;

// A path pattern of a .gitattributes line. Immutable.
class AttributePattern {
 public:
  // Nothing when it can never match a file (a negative or a folder's pattern).
  static std::optional<AttributePattern> parse(std::string_view text);
  // `path` is relative to the folder of the .gitattributes.
  bool matches(std::string_view path) const;

 private:
  enum class Kind : std::uint8_t { name, name_suffix, name_glob, path };
  Kind kind_ = Kind::name;
  std::string literal_;                      // the whole, the suffix, or what comes before the glob
  std::unique_ptr<const WildPattern> glob_;  // null when all is literal
};

// The lines of one .gitattributes that can decide `filter`. Immutable.
class AttributeRules {
 public:
  // The file at the root of the tree, which may define macros.
  static std::shared_ptr<const AttributeRules> parse_root(std::string_view text);
  // A file below; `macros` are those of the root's file.
  static std::shared_ptr<const AttributeRules> parse(std::string_view text,
                                                     const AttributeMacros& macros);

  struct Rule {
    AttributePattern pattern;
    AttributeStates states;
  };
  const std::vector<Rule>& rules() const { return rules_; }
  const AttributeMacros& macros() const { return macros_; }

 private:
  void add_lines(std::string_view text, const AttributeMacros& macros);

  std::vector<Rule> rules_;
  AttributeMacros macros_;
};

// The attribute files that apply in one folder. Thread-compatible: keeps a path buffer.
class FolderFilter {
 public:
  struct Level {
    std::string path;  // of the folder that holds the file, from the root, without a final '/'
    std::shared_ptr<const AttributeRules> rules;
  };
  // `levels` from the root down. `path` is the folder's own.
  FolderFilter(std::string path, std::vector<Level> levels);

  // Whether the file `name` in the folder has filter=lfs.
  bool is_lfs(std::string_view name);

 private:
  std::string path_;
  std::size_t prefix_length_ = 0;
  std::vector<Level> levels_;
  const AttributeMacros* macros_;
};

}  // namespace lazylfs::lfs
