#include "cli/settings.h"

#include "fs/registry.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

Result<std::uint64_t> size_setting(const lfs::Config& config, const char* key,
                                   std::uint64_t fallback) {
  const auto text = config.get(key);
  if (!text || text->empty()) return fallback;
  const auto size = parse_size(*text);
  if (!size) {
    return Error(Errc::invalid,
                 std::string(key) + " is not a size: \"" + *text + "\" (write it as 200GiB)");
  }
  return *size;
}

}  // namespace

Result<Settings> Settings::load(const Arguments& arguments) {
  Settings settings;
  settings.cache_option_ = arguments.value_or("cache", "");
  const std::string folder = arguments.value_or("repo", "");
  auto repository = lfs::Repository::discover(folder.empty() ? "." : folder);
  if (repository) {
    settings.repository_ = std::move(repository).value();
    return settings;
  }
  // What is wrong with the repository around us matters only to commands that need one.
  if (!folder.empty()) return repository.error();
  settings.outside_ = TRY(lfs::Config::outside_repository());
  return settings;
}

std::string Settings::cache_folder() const {
  if (!cache_option_.empty()) return absolute_path(cache_option_);
  return fs::cache_folder(config().get("lfs.cache.folder").value_or(""));
}

Result<cache::CacheOptions> cache_options_of(const lfs::Config& config, std::string folder) {
  cache::CacheOptions options;
  options.folder = folder.empty() ? fs::cache_folder(config.get("lfs.cache.folder").value_or(""))
                                  : std::move(folder);
  options.size_max = TRY(size_setting(config, "lfs.cache.size", options.size_max));
  options.free_space_min = TRY(size_setting(config, "lfs.cache.minfree", options.free_space_min));
  return options;
}

Result<cache::CacheOptions> Settings::cache_options() const {
  return cache_options_of(config(), cache_folder());
}

Result<std::unique_ptr<cache::Cache>> Settings::open_cache(Metrics& metrics) const {
  return cache::Cache::open(TRY(cache_options()), metrics);
}

}  // namespace lazylfs::cli
