// From what a person names (an object id, a path in a mount, a path or pattern in a clone) to
// objects.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "cli/settings.h"
#include "lfs/base/oid.h"
#include "lfs/git/repository.h"

namespace lazylfs::cli {

struct Target {
  ObjectId id;
  std::string path;  // in its commit; empty when it was named by its id
};

// Where a path of the command line lies: a commit of a repository, and a path or pattern in it.
struct Place {
  std::shared_ptr<const lfs::Repository> repository;  // shared: the arguments of one command
  lfs::Commit commit;
  std::string base;     // a folder or file of the commit; "" is the root
  std::string pattern;  // relative to base; empty: all of base
};

struct TargetOptions {
  std::string ref;   // empty: HEAD, or what the mount shows
  std::string repo;  // empty: the current folder's
};

// Thread-compatible. Keeps the repositories open that it has seen.
class TargetFinder {
 public:
  TargetFinder(const Settings& settings, TargetOptions options)
      : settings_(settings), options_(std::move(options)) {}

  // Errc::not_found when `path` is in no mount and no clone, or its ref is unknown.
  Result<Place> locate(const std::string& path);

  // The LFS files that `path` names. Errc::not_found when there is none.
  Result<std::vector<Target>> by_path(const std::string& path);

  // The objects that `words` name, each once, in order. A word is an id when it can be one and no
  // file has that name; with `cache` null only paths are understood.
  Result<std::vector<Target>> find(const std::vector<std::string>& words, cache::Cache* cache);

 private:
  Result<std::shared_ptr<const lfs::Repository>> open_repository(const std::string& folder);
  Result<Place> in_mount(const std::string& mounted_repository, const std::string& commit,
                         const std::string& path);
  Result<Place> in_clone(const std::string& path);

  const Settings& settings_;
  TargetOptions options_;
  std::vector<std::pair<std::string, std::shared_ptr<const lfs::Repository>>> repositories_;
};

// True for 4 to 64 lower-case hexadecimal digits.
bool looks_like_oid(std::string_view text);

// The object of the cache whose id begins with `prefix`. Errc::not_found, or Errc::invalid when
// several do.
Result<ObjectId> find_cached_object(const std::vector<cache::ObjectStatus>& objects,
                                    std::string_view prefix);

}  // namespace lazylfs::cli
