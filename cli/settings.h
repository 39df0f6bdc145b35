// What commands share of their surroundings: the repository they run in, its configuration, and
// the cache.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cache/cache.h"
#include "cli/command.h"
#include "lfs/git/config.h"
#include "lfs/git/repository.h"

namespace lazylfs::cli {

// lfs.cache.*; `folder` may be empty. Errc::invalid names the key whose value is no size.
Result<cache::CacheOptions> cache_options_of(const lfs::Config& config, std::string folder);

// Thread-compatible. Made once by a command.
class Settings {
 public:
  // From the options --repo and --cache, where the command has them. Not being in a repository is
  // no error, unless --repo names a folder that is not in one.
  static Result<Settings> load(const Arguments& arguments);

  const lfs::Repository* repository() const { return repository_ ? &*repository_ : nullptr; }
  const lfs::Config& config() const { return repository_ ? repository_->config() : outside_; }

  std::string cache_folder() const;
  // lfs.cache.*; Errc::invalid names the key whose value is no size.
  Result<cache::CacheOptions> cache_options() const;
  Result<std::unique_ptr<cache::Cache>> open_cache(Metrics& metrics) const;

 private:
  Settings() = default;
  std::string cache_option_;
  std::optional<lfs::Repository> repository_;
  lfs::Config outside_;
};

}  // namespace lazylfs::cli
