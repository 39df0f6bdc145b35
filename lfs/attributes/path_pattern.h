// A pattern of paths as in .gitignore: what include and exclude lists are made of.
#pragma once

#include <string>
#include <string_view>

#include "lfs/attributes/wildmatch.h"

namespace lazylfs::lfs {

// Immutable; thread-safe. Without a '/' (but at its end) it is matched against names at any depth,
// else against the path from the root; what matches a folder matches all that is in it. A '/' at
// its end restricts it to folders.
class PathPattern {
 public:
  explicit PathPattern(std::string_view text, bool ignore_case = false);

  // `path` is a file's, from the root.
  bool matches(std::string_view path) const;
  // False when it matches nothing below `folder` (from the root, without '/' at its end), as far as
  // its beginning tells.
  bool may_match_below(std::string_view folder) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool folders_only_ = false;
  bool names_ = false;   // matched against each name, not against the path
  bool plain_ = false;   // no wildcard: compared as it stands
  std::string literal_;  // when plain_
  std::string front_;    // what a match begins with
  WildPattern glob_;
};

}  // namespace lazylfs::lfs
