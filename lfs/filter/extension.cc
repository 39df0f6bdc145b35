#include "lfs/filter/extension.h"

#include <algorithm>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kSection = "lfs.extension.";

Extension& named(std::vector<Extension>& extensions, std::string_view name) {
  const auto found = std::ranges::find(extensions, name, &Extension::name);
  if (found != extensions.end()) return *found;
  Extension extension;
  extension.name = name;
  extensions.push_back(std::move(extension));
  return extensions.back();
}

}  // namespace

std::vector<Extension> all_extensions(const Config& config) {
  std::vector<Extension> extensions;
  for (const ConfigEntry& entry : config.entries()) {
    if (!entry.key.starts_with(kSection)) continue;
    const std::string_view rest = std::string_view(entry.key).substr(kSection.size());
    const std::size_t dot = rest.rfind('.');
    // As upstream: names with a dot are no extensions.
    if (dot == std::string_view::npos || rest.find('.') != dot) continue;
    const std::string_view key = rest.substr(dot + 1);
    Extension& extension = named(extensions, rest.substr(0, dot));
    if (key == "clean") extension.clean = entry.value;
    if (key == "smudge") extension.smudge = entry.value;
    const auto priority = key == "priority" ? parse_int(entry.value) : std::nullopt;
    if (priority && *priority >= 0) extension.priority = *priority;
  }
  std::ranges::stable_sort(extensions, {}, &Extension::priority);
  return extensions;
}

Result<std::vector<Extension>> sorted_extensions(const Config& config, Extensions which) {
  std::vector<Extension> extensions = all_extensions(config);
  std::erase_if(extensions, [&](const Extension& extension) {
    return which == Extensions::with_command && extension.clean.empty() && extension.smudge.empty();
  });
  const auto twin = std::ranges::adjacent_find(extensions, {}, &Extension::priority);
  if (twin == extensions.end()) return extensions;
  return Error(Errc::invalid, "duplicate priority " + std::to_string(twin->priority) + " on " +
                                  std::next(twin)->name);
}

std::vector<std::string> extension_arguments(std::string_view command, std::string_view path) {
  std::vector<std::string> arguments;
  for (const std::string_view word : split(command, ' ')) {
    std::string argument(word);
    if (!arguments.empty()) {
      for (std::size_t at = argument.find("%f"); at != std::string::npos;
           at = argument.find("%f", at + path.size())) {
        argument.replace(at, 2, path);
      }
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace lazylfs::lfs
