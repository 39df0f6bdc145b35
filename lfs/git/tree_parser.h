// Tree objects, read without trust. Private to lfs/git.
#pragma once

#include <string_view>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

struct ParsedTree {
  std::vector<TreeEntry> entries;
  std::vector<std::string> dropped;  // names that no file may have, for the log
};

// Errc::corrupt when `data` is not a sequence of "<mode> <name>\0<20 bytes>".
Result<ParsedTree> parse_tree(std::string_view data);

}  // namespace lazylfs::lfs
