// The lines of .gitattributes files, read as git reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazylfs::lfs {

constexpr std::size_t kAttributeLineBytesIgnored = 2048;  // git reads shorter lines only

// "name", "-name", "!name" or "name=value".
struct AttributeState {
  enum class Kind : std::uint8_t { set, unset, unspecified, value };
  std::string name;
  Kind kind = Kind::set;
  std::string value;
};
using AttributeStates = std::vector<AttributeState>;
using AttributeMacros = std::map<std::string, AttributeStates, std::less<>>;

// One line. Value.
struct AttributeLine {
  std::string pattern;  // unquoted; or the macro's name
  bool is_macro = false;
  AttributeStates states;

  // Nothing for comments, blank lines, and what git ignores with a warning.
  static std::optional<AttributeLine> parse(std::string_view text);
};

// The part of a .gitattributes file that git reads: no byte order mark, nothing after a NUL.
std::string_view attributes_text(std::string_view text);

}  // namespace lazylfs::lfs
