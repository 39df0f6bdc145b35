// Git configuration as LFS reads it: git's keys, then .lfsconfig's safe keys below them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {

struct ConfigEntry {
  std::string key;  // section and last part in lower case, the middle verbatim
  std::string value;
  bool from_lfsconfig = false;
};

// Immutable after construction, hence thread-safe.
class Config {
 public:
  Config() = default;
  // Later entries override earlier ones. Keys are brought into git's canonical case.
  explicit Config(std::vector<ConfigEntry> entries);

  // The last value of `key` ("lfs.url"); keys are compared as git does.
  std::optional<std::string> get(std::string_view key) const;
  std::vector<std::string> get_all(std::string_view key) const;
  // git's booleans and integers (yes/on/1; k, m, g suffixes); the fallback for junk. A key without
  // '=' is true, an empty value false.
  bool get_bool(std::string_view key, bool fallback) const;
  std::int64_t get_int(std::string_view key, std::int64_t fallback) const;

  // section.<url>.name for the best-matching <url>, else section.name. Matching as git's
  // urlmatch: scheme exact; host exact or '*' per label; port; path by whole components, where
  // "repo" also matches "repo.git/info/lfs"; user if given. The better match of host, then path,
  // then user wins; among equals the last.
  std::optional<std::string> get_for_url(std::string_view section, const Url& url,
                                         std::string_view name) const;
  // All values of the best-matching <url>, in order (an empty one resets the list, says git).
  std::vector<std::string> get_all_for_url(std::string_view section, const Url& url,
                                           std::string_view name) const;

  const std::vector<ConfigEntry>& entries() const { return entries_; }

  // url.<base>.insteadOf (and pushInsteadOf when `push`): the longest prefix wins.
  std::string rewrite_url(std::string_view url, bool push) const;

  // Configuration outside any repository: system, global, -c.
  static Result<Config> outside_repository();

 private:
  std::vector<ConfigEntry> entries_;
};

}  // namespace lazylfs::lfs
