#include "cli/settings.h"

#include "fs/registry.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

Result<std::uint64_t> size_setting(const lfs::Config& config, const char* key,
                                   std::uint64_t fallback) {
  const auto text = config.get(key);
  if (!text || text->empty()) return fallback;
  const auto size = parse_size(*text);
  if (!size) {
    return Error(Errc::invalid, std::string(key) + " is not a size: \"" + *text +
                                    "\" (write it as 200GiB)");
  }
  return *size;
}

}  // namespace

Result<cache::CacheOptions> cache_options_from(const lfs::Config& config) {
  cache::CacheOptions options;
  options.folder = fs::cache_folder(config.get("lfs.cache.folder").value_or(""));
  options.size_max = TRY(size_setting(config, "lfs.cache.size", options.size_max));
  options.free_space_min = TRY(size_setting(config, "lfs.cache.minfree", options.free_space_min));
  return options;
}

Result<Settings> Settings::load(const std::string& folder) {
  Settings settings;
  auto repository = lfs::Repository::discover(folder.empty() ? "." : folder);
  if (repository) {
    settings.repository_ = std::move(repository).value();
    return settings;
  }
  if (!folder.empty() || repository.error().code() != Errc::not_found) return repository.error();
  settings.outside_ = TRY(lfs::Config::outside_repository());
  return settings;
}

std::string Settings::cache_folder() const {
  return fs::cache_folder(config().get("lfs.cache.folder").value_or(""));
}

Result<cache::CacheOptions> Settings::cache_options() const { return cache_options_from(config()); }

Result<std::unique_ptr<cache::Cache>> Settings::open_cache(Metrics& metrics) const {
  return cache::Cache::open(TRY(cache_options()), metrics);
}

}  // namespace lazylfs::cli
