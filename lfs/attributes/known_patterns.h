// What the attribute files of a repository say about LFS: the patterns that `track` lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/attribute_line.h"
#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// A line that sets `filter` or `lockable`.
struct KnownPattern {
  std::string pattern;  // from the root of the work tree: "sub/*.bin"
  std::string source;   // the file, relative to the work tree when it is inside
  bool tracked = false;
  bool lockable = false;
};

struct AttributeFile {
  std::string path;    // absolute
  std::string source;  // as KnownPattern::source
  std::string folder;  // what its patterns are relative to, from the root: "" or "sub"
  bool may_define_macros = false;
};

// `pattern` of the attribute file in `folder` as KnownPattern names it: a path without '/' at its
// ends, as upstream shows it, so that "/abs" and "abs" look the same.
std::string pattern_from_root(std::string_view folder, std::string_view pattern);

enum class AttributeScope { repository, everything };

// The attribute files that exist, the one that wins first: those of the work tree (deepest first),
// .git/info/attributes, with `everything` also the user's and the system's. Symbolic links are left
// out, as git does in the work tree. Asks git which files the work tree has.
Result<std::vector<AttributeFile>> attribute_files(const Repository& repository,
                                                   AttributeScope scope);

// Macros are those of the root's file, .git/info/attributes, and the user's and system's files,
// whatever `scope` is.
Result<std::vector<KnownPattern>> known_patterns(const Repository& repository,
                                                 AttributeScope scope);

}  // namespace lazylfs::lfs
