#include "lfs/git/settings_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "lfs/base/text.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

constexpr auto kTypeNames = std::to_array<std::string_view>(
    {"text", "list", "boolean", "integer", "size", "path", "URL", "command"});
constexpr auto kThemeNames = std::to_array<std::string_view>(
    {"Server", "Authentication", "Transfers", "SSH", "HTTP", "Pushing", "Fetching", "Pruning",
     "Locks", "Extensions", "Checking out", "Cache", "Other"});
static_assert(kTypeNames.size() == static_cast<std::size_t>(SettingType::command) + 1);
static_assert(kThemeNames.size() == static_cast<std::size_t>(SettingTheme::other) + 1);

// Whether `key`, as Git spells it, is `documented` with something in place of its <…> part.
bool is_spelled(std::string_view key, std::string_view documented) {
  const std::size_t open = documented.find('<');
  if (open == std::string_view::npos) return key == to_lower(documented);
  const std::string before = to_lower(documented.substr(0, open));
  const std::string after = to_lower(documented.substr(documented.find('>') + 1));
  return key.size() > before.size() + after.size() && key.starts_with(before) &&
         key.ends_with(after);
}

}  // namespace

std::string_view setting_type_name(SettingType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::string_view setting_theme_name(SettingTheme theme) {
  return kThemeNames[static_cast<std::size_t>(theme)];
}

std::span<const Setting> settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> rows(lfs_settings().begin(), lfs_settings().end());
    rows.insert(rows.end(), git_settings().begin(), git_settings().end());
    return rows;
  }();
  return all;
}

const Setting* find_setting(std::string_view documented_key) {
  const auto all = settings();
  const auto found = std::ranges::find_if(all, [&](const Setting& setting) {
    return equals_ignoring_case(setting.key, documented_key);
  });
  return found == all.end() ? nullptr : &*found;
}

// Upstream lets every key of a remote whose name has a dot through; only lfsurl was meant.
bool is_safe_in_lfsconfig(std::string_view key) {
  return std::ranges::any_of(lfs_settings(), [&](const Setting& setting) {
    return setting.safe && is_spelled(key, setting.key);
  });
}

std::string effective_value(const Config& config, const Setting& setting) {
  switch (setting.type) {
    case SettingType::boolean:
      return config.get_bool(setting.key, setting.fallback == "true") ? "true" : "false";
    case SettingType::integer:
      return std::to_string(config.get_int(setting.key, parse_int(setting.fallback).value_or(0)));
    default: {
      const std::string value = config.get(setting.key).value_or("");
      return value.empty() ? std::string(setting.fallback) : value;
    }
  }
}

}  // namespace lazylfs::lfs
