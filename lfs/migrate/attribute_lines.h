// The .gitattributes at the root of each migrated commit.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// Lines in the order of their first coming, each once. Thread-compatible.
class AttributeLines {
 public:
  bool add(std::string line);
  std::size_t size() const { return lines_.size(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  std::unordered_set<std::string> known_;
};

enum class Direction { to_lfs, from_lfs };

// What include and exclude patterns (as people write them) become.
AttributeLines lines_of_patterns(const std::vector<std::string>& include,
                                 const std::vector<std::string>& exclude, Direction direction);
// The line under which a file at `path` is migrated when no pattern was named: its extension's, or
// with `whole_path`, or without an extension, its own.
std::string line_of_file(std::string_view path, bool whole_path);

// `text` of a .gitattributes file, and after it those of the first `count` of `ours` that it lacks.
// As upstream does it, a line that comes twice stays once, and lines end in "\n".
std::string merge_attributes(std::string_view text, const AttributeLines& ours, std::size_t count);

}  // namespace lazylfs::lfs
