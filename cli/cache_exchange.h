// The shared cache as the everyday commands use it: before the network, and after it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "cache/layout.h"
#include "lfs/base/guarded.h"
#include "lfs/base/metrics.h"
#include "lfs/git/config.h"
#include "lfs/store/object_store.h"

namespace lazylfs::cli {

// Looks for objects without opening the cache's index; opens it only to give the cache what
// arrived, many objects at once. A cache that fails is done without. Thread-safe.
class CacheExchange final : public lfs::ObjectExchange {
 public:
  // Null when lfs.cache.share is false, or the cache's settings are wrong. `metrics` must outlive
  // it. Touches no file.
  static std::unique_ptr<CacheExchange> make(const lfs::Config& config, Metrics& metrics);
  ~CacheExchange() override;

  std::optional<std::string> find(const ObjectId& id) override;
  void offer(const ObjectId& id, const std::string& path) override;

 private:
  using Files = std::vector<cache::Cache::VerifiedFile>;
  CacheExchange(cache::CacheOptions options, Metrics& metrics);
  void adopt(const Files& files);

  const cache::CacheOptions options_;
  const cache::Layout layout_;
  Metrics& metrics_;
  Guarded<Files> offered_;
  Guarded<std::unique_ptr<cache::Cache>> cache_;
};

}  // namespace lazylfs::cli
