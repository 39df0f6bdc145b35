#include "cli/mount_options.h"

#include <charconv>
#include <optional>

#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

// scp-like "host:path" and every "scheme://" are for git to resolve; a path that exists is a path.
bool is_remote(const std::string& source) {
  if (source.find("://") != std::string::npos) return true;
  if (file_exists(source)) return false;
  const std::size_t colon = source.find(':');
  return colon != std::string::npos && colon > 0 && source.find('/') > colon;
}

Result<std::chrono::milliseconds> seconds_option(const Arguments& arguments, const char* name,
                                                 std::chrono::milliseconds fallback) {
  const auto text = arguments.value(name);
  if (!text) return fallback;
  double seconds = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, seconds);
  if (error != std::errc() || stop != end || !(seconds > 0) || seconds > 1e7) {
    return Error(Errc::invalid, "--" + std::string(name) + ": \"" + *text +
                                    "\" is not a number of seconds above 0");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

Result<fs::MountOptions> mount_options_from(const Arguments& arguments) {
  fs::MountOptions options;
  options.source = arguments.positional.at(0);
  if (!is_remote(options.source)) options.source = absolute_path(options.source);
  options.mountpoint = absolute_path(arguments.positional.at(1));
  options.ref = arguments.value_or("ref", "");
  options.subdir = arguments.value_or("subdir", "");
  options.follow = arguments.is_set("follow");
  options.follow_interval =
      TRY(seconds_option(arguments, "follow-interval", options.follow_interval));
  options.all_refs = arguments.is_set("all-refs");
  options.allow_other = arguments.is_set("allow-other");
  options.offline = arguments.is_set("offline");
  options.small_files = arguments.is_set("small-files");
  if (arguments.value_or("passthrough", "auto") == "off") {
    options.passthrough = fs::PassthroughMode::off;
  }
  const std::string cache = arguments.value_or("cache", "");
  if (!cache.empty()) options.cache_folder = absolute_path(cache);
  options.remote = arguments.value_or("remote", "");
  options.read_deadline = TRY(seconds_option(arguments, "read-deadline", options.read_deadline));
  return options;
}

}  // namespace lazylfs::cli
