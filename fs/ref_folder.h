// The names below ".at": branches, tags and remote branches as a tree of folders.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/git/repository.h"

namespace lazylfs::fs {

// Immutable. A name that is both a branch and a tag is the branch; a name that is both a ref and
// the folder of others is the ref.
class RefNames {
 public:
  explicit RefNames(const std::vector<lfs::RefName>& refs);

  // `path`: "main", "feature/x", "origin/main".
  std::optional<lfs::GitOid> commit(std::string_view path) const;
  bool is_folder(std::string_view path) const;
  // The branches, tags and folders of them directly in the folder `path` ("" is all), in order.
  std::vector<std::string> list(std::string_view path) const;

 private:
  using Targets = std::map<std::string, lfs::GitOid, std::less<>>;
  Targets listed_;   // branches and tags
  Targets remotes_;  // can be looked up only: a clone has each branch twice
};

// The refs of a repository, read again when older than a second. Thread-safe.
class RefSource {
 public:
  explicit RefSource(const lfs::Repository& repository) : repository_(repository) {}
  std::shared_ptr<const RefNames> names() const;

 private:
  struct Cached {
    std::shared_ptr<const RefNames> names;
    std::chrono::steady_clock::time_point read_at;
  };
  const lfs::Repository& repository_;
  mutable Guarded<Cached> cached_;
};

// Whether `name` can be (the start of) a commit's id.
bool is_commit_id(std::string_view name);

}  // namespace lazylfs::fs
