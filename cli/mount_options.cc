#include "cli/mount_options.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>

#include "fs/backend.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

Result<std::chrono::milliseconds> duration_option(const Arguments& arguments, const char* name,
                                                  std::chrono::milliseconds fallback) {
  const auto text = arguments.value(name);
  if (!text) return fallback;
  const auto duration = parse_duration(*text);
  if (!duration) {
    return Error(Errc::invalid, "--" + std::string(name) + ": \"" + *text +
                                    "\" is not a time; write it as 30s or 500ms");
  }
  return *duration;
}

Result<std::optional<std::uint32_t>> owner_option(const Arguments& arguments, const char* name) {
  const auto text = arguments.value(name);
  if (!text) return std::optional<std::uint32_t>();
  const auto number = parse_uint(*text);
  // The highest number means "no owner" to the kernel.
  if (!number || *number >= std::numeric_limits<std::uint32_t>::max()) {
    return Error(Errc::invalid, "--" + std::string(name) + ": \"" + *text +
                                    "\" is not a number of a user or group");
  }
  return std::optional(static_cast<std::uint32_t>(*number));
}

// The cache reads its limit from the configuration: the option is `-c lfs.cache.size=…` for this
// process and the daemon that it starts.
Result<void> override_cache_size(const std::string& size) {
  if (!parse_size(size)) {
    return Error(Errc::invalid, "--cache-size: \"" + size + "\" is not a size; write it as 200GiB");
  }
  const std::string count = env_or_empty("GIT_CONFIG_COUNT");
  const auto next = parse_uint(count.empty() ? "0" : count).value_or(0);
  const std::string index = std::to_string(next);
  const auto set = [](const std::string& name, const std::string& value) {
    // No thread of ours runs yet.
    ::setenv(name.c_str(), value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  };
  set("GIT_CONFIG_KEY_" + index, "lfs.cache.size");
  set("GIT_CONFIG_VALUE_" + index, size);
  set("GIT_CONFIG_COUNT", std::to_string(next + 1));
  return {};
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  double factor = 0;
  if (unit == "ms") factor = 1;
  if (unit.empty() || unit == "s") factor = 1000;
  if (unit == "m") factor = 60 * 1000;
  if (unit == "h") factor = 3600 * 1000;
  const double milliseconds = number * factor;
  if (!(milliseconds >= 1) || milliseconds > 1e10) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

Result<fs::MountOptions> mount_options_from(const Arguments& arguments) {
  fs::MountOptions options;
  options.source = arguments.positional.at(0);
  if (!fs::is_remote_source(options.source)) options.source = absolute_path(options.source);
  options.mountpoint = absolute_path(arguments.positional.at(1));
  options.ref = arguments.value_or("ref", "");
  options.subdir = arguments.value_or("subdir", "");
  options.follow = arguments.is_set("follow");
  options.follow_interval =
      TRY(duration_option(arguments, "follow-interval", options.follow_interval));
  options.all_refs = arguments.is_set("all-refs");
  options.allow_other = arguments.is_set("allow-other");
  options.no_exec = arguments.is_set("no-exec");
  options.uid = TRY(owner_option(arguments, "uid"));
  options.gid = TRY(owner_option(arguments, "gid"));
  options.shown_source = arguments.value_or("shown-source", "");
  options.offline = arguments.is_set("offline");
  options.small_files = arguments.is_set("small-files");
  if (arguments.value_or("passthrough", "auto") == "off") {
    options.passthrough = fs::PassthroughMode::off;
  }
  const std::string cache = arguments.value_or("cache", "");
  if (!cache.empty()) options.cache_folder = absolute_path(cache);
  const std::string cache_size = arguments.value_or("cache-size", "");
  if (!cache_size.empty()) TRY(override_cache_size(cache_size));
  options.remote = arguments.value_or("remote", "");
  options.read_deadline = TRY(duration_option(arguments, "read-deadline", options.read_deadline));
  return options;
}

}  // namespace lazylfs::cli
