// Changes a .gitattributes file: which patterns go through LFS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/attribute_line.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

// `pattern` as it is written at the start of a line: spaces become "[[:space:]]", a '#' "\#", and a
// backslash is doubled unless it takes a special byte literally. With `literal`, wildcards are
// escaped too, so that only the file of that name matches.
std::string escape_attribute_pattern(std::string_view pattern, bool literal);
// The reverse for spaces and '#', as messages show a pattern.
std::string unescape_attribute_pattern(std::string_view escaped);

// An escaped pattern of this length is read with all that track writes behind it.
constexpr std::size_t kAttributePatternBytesMax = kAttributeLineBytesIgnored - 64;

// Thread-compatible. Comments, blank lines and all other lines stay; lines end as most of them did.
class AttributeEditor {
 public:
  // A missing file is an empty one. New files get CRLF when `crlf_by_default`. Errc::invalid for a
  // symbolic link, which Git would not read.
  static Result<AttributeEditor> open(std::string path, bool crlf_by_default);

  // Replaces the first line of the same pattern, or adds one at the end. False when it was added.
  bool track(const std::string& escaped, bool lockable);
  // Removes the lines of `pattern` (as a person writes it) that hold "filter=lfs"; their patterns,
  // as written.
  std::vector<std::string> untrack(std::string_view pattern);

  // Writes the file when something changed.
  Result<void> save() const;

 private:
  explicit AttributeEditor(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string line_end_ = "\n";
  std::vector<std::string> lines_;
  unsigned mode_ = 0666;
  bool changed_ = false;
};

}  // namespace lazylfs::lfs
