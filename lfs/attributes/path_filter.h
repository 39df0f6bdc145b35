// Which paths a command works on: lfs.fetchinclude and lfs.fetchexclude, --include and --exclude.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/path_pattern.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

// Patterns as in .gitignore ("*.bin", "/top", "folder/", "a/**/b"); a path is allowed when it
// matches an include (or there is none) and no exclude. Immutable; thread-safe.
// Traces `filepathfilter: accepting "x"` and `filepathfilter: rejecting "x"`.
class PathFilter {
 public:
  PathFilter() = default;  // allows everything
  PathFilter(std::vector<std::string> include, std::vector<std::string> exclude,
             bool ignore_case = false);
  // Options replace the configuration where they are given (null: not given); comma-separated,
  // surrounding spaces and a trailing '/' are dropped, as upstream does.
  static PathFilter from(const Config& config, const std::string* include_option,
                         const std::string* exclude_option, bool use_configuration);

  bool allows(std::string_view path) const;
  // False when it allows nothing below the folder `path`. Tells less than allows(), traces nothing.
  bool may_allow_below(std::string_view path) const;
  bool empty() const { return include_.empty() && exclude_.empty(); }
  const std::vector<std::string>& include() const { return include_; }
  const std::vector<std::string>& exclude() const { return exclude_; }

 private:
  std::vector<std::string> include_, exclude_;
  std::vector<PathPattern> include_patterns_, exclude_patterns_;
};

}  // namespace lazylfs::lfs
