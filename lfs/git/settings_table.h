// Every configuration key and environment variable that this program reads, in one table. What
// `env` prints, git-lfs-config(5), which keys .lfsconfig may set, and the tests are made from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lazylfs::lfs {

class Config;

enum class SettingType : std::uint8_t { text, list, boolean, integer, size, path, url, command };
std::string_view setting_type_name(SettingType type);

// The headings under which the manual shows them, in this order.
enum class SettingTheme : std::uint8_t {
  server,
  authentication,
  transfer,
  ssh,
  http,
  push,
  fetch,
  prune,
  locks,
  extension,
  checkout,
  cache,
  other,
};
std::string_view setting_theme_name(SettingTheme theme);

enum class SettingOrigin : std::uint8_t {
  lfs,  // Git LFS's own
  git,  // Git's, honoured here
};

struct Setting {
  std::string_view key;  // as documented: "lfs.<url>.access", "remote.<name>.lfsurl"
  SettingType type = SettingType::text;
  std::string_view fallback;  // empty: none
  SettingTheme theme = SettingTheme::other;
  std::string_view summary;  // sentences
  std::string_view read_by;  // the commands or parts that look at it
  bool url_scoped = false;   // section.<url>.name is understood besides section.name
  bool safe = false;         // .lfsconfig may set it (only as written, not for a URL)
  SettingOrigin origin = SettingOrigin::lfs;
};

struct Variable {
  std::string_view name;
  std::string_view summary;
  std::string_view setting;  // the key that does the same; empty: none
};

std::span<const Setting> settings();
std::span<const Variable> environment_variables();

// The row of a key in its documented spelling; null when there is none.
const Setting* find_setting(std::string_view documented_key);

// Whether a repository may set `key` (as Git spells it) for everybody who clones it.
bool is_safe_in_lfsconfig(std::string_view key);

// The value in use of a key without <…> parts, as `env` prints it: "true", "8", or the text.
std::string effective_value(const Config& config, const Setting& setting);

// Parts of settings(); private.
std::span<const Setting> lfs_settings();
std::span<const Setting> git_settings();

}  // namespace lazylfs::lfs
