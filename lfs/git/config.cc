#include "lfs/git/config.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <tuple>
#include <utility>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

// git's canonical form: section and last part in lower case, the middle verbatim.
std::string canonical_key(std::string_view key) {
  const std::size_t first = key.find('.');
  const std::size_t last = key.rfind('.');
  if (first == std::string_view::npos) return to_lower(key);
  return to_lower(key.substr(0, first)) + std::string(key.substr(first, last - first)) +
         to_lower(key.substr(last));
}

// The text between "<section>." and ".<name>"; nothing when `key` has another shape.
std::optional<std::string_view> middle_of(std::string_view key, std::string_view section,
                                          std::string_view name) {
  if (key.size() < section.size() + name.size() + 3) return std::nullopt;
  if (!key.starts_with(section) || key[section.size()] != '.') return std::nullopt;
  if (!key.ends_with(name) || key[key.size() - name.size() - 1] != '.') return std::nullopt;
  return key.substr(section.size() + 1, key.size() - section.size() - name.size() - 2);
}

std::optional<std::int64_t> parse_git_int(const std::string& text) {
  const std::string trimmed(trim(text));
  if (trimmed.empty()) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long long number = std::strtoll(trimmed.c_str(), &end, 0);
  if (errno != 0 || end == trimmed.c_str()) return std::nullopt;
  const std::string unit = to_lower(end);
  std::int64_t factor = 0;
  if (unit.empty()) factor = 1;
  if (unit == "k") factor = std::int64_t{1} << 10U;
  if (unit == "m") factor = std::int64_t{1} << 20U;
  if (unit == "g") factor = std::int64_t{1} << 30U;
  std::int64_t product = 0;
  if (factor == 0 || __builtin_mul_overflow(number, factor, &product)) return std::nullopt;
  return product;
}

std::optional<bool> parse_git_bool(const std::string& text) {
  for (const char* yes : {"true", "yes", "on"}) {
    if (equals_ignoring_case(text, yes)) return true;
  }
  for (const char* no : {"false", "no", "off", ""}) {
    if (equals_ignoring_case(text, no)) return false;
  }
  const auto number = parse_git_int(text);
  if (!number) return std::nullopt;
  return *number != 0;
}

// How well a configured URL fits: exact labels of the host, length of the matching path, user
// given.
using MatchScore = std::tuple<std::size_t, std::size_t, bool>;

// The number of labels that match exactly plus one, or nothing.
std::optional<std::size_t> match_host(std::string_view pattern, std::string_view host) {
  const auto patterns = split(pattern, '.');
  const auto labels = split(host, '.');
  if (patterns.size() != labels.size()) return std::nullopt;
  std::size_t exact = 1;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (patterns[i] == labels[i]) {
      ++exact;
    } else if (patterns[i] != "*") {
      return std::nullopt;
    }
  }
  return exact;
}

std::string normal_path(std::string_view path) {
  std::string decoded = percent_decode(path);
  while (!decoded.empty() && decoded.back() == '/') decoded.pop_back();
  return decoded;
}

// The length of the matching prefix plus one, or nothing.
std::optional<std::size_t> match_path(std::string_view pattern, std::string_view path) {
  const std::string prefix = normal_path(pattern);
  const std::string whole = normal_path(path);
  if (!whole.starts_with(prefix)) return std::nullopt;
  std::string_view rest = std::string_view(whole).substr(prefix.size());
  if (!prefix.empty() && rest.starts_with(".git")) rest.remove_prefix(4);
  if (!rest.empty() && rest[0] != '/') return std::nullopt;
  return prefix.size() + 1;
}

std::optional<MatchScore> match_url(std::string_view pattern_text, const Url& url) {
  const std::optional<Url> pattern = Url::parse(pattern_text);
  if (!pattern || pattern->scheme != url.scheme) return std::nullopt;
  if (pattern->effective_port() != url.effective_port()) return std::nullopt;
  if (!pattern->user.empty() && percent_decode(pattern->user) != percent_decode(url.user)) {
    return std::nullopt;
  }
  const auto host = match_host(pattern->host, url.host);
  const auto path = match_path(pattern->path, url.path);
  if (!host || !path) return std::nullopt;
  return MatchScore{*host, *path, !pattern->user.empty()};
}

}  // namespace

Config::Config(std::vector<ConfigEntry> entries) : entries_(std::move(entries)) {
  for (ConfigEntry& entry : entries_) entry.key = canonical_key(entry.key);
}

std::optional<std::string> Config::get(std::string_view key) const {
  const std::string wanted = canonical_key(key);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->key == wanted) return entry->value;
  }
  return std::nullopt;
}

std::vector<std::string> Config::get_all(std::string_view key) const {
  const std::string wanted = canonical_key(key);
  std::vector<std::string> values;
  for (const ConfigEntry& entry : entries_) {
    if (entry.key == wanted) values.push_back(entry.value);
  }
  return values;
}

bool Config::get_bool(std::string_view key, bool fallback) const {
  const auto value = get(key);
  return value ? parse_git_bool(*value).value_or(fallback) : fallback;
}

std::int64_t Config::get_int(std::string_view key, std::int64_t fallback) const {
  const auto value = get(key);
  return value ? parse_git_int(*value).value_or(fallback) : fallback;
}

std::vector<std::string> Config::get_all_for_url(std::string_view section, const Url& url,
                                                 std::string_view name) const {
  const std::string wanted_section = to_lower(section);
  const std::string wanted_name = to_lower(name);
  std::optional<MatchScore> best;
  std::vector<std::string> values;
  for (const ConfigEntry& entry : entries_) {
    const auto middle = middle_of(entry.key, wanted_section, wanted_name);
    const auto score = middle ? match_url(*middle, url) : std::nullopt;
    if (!score || (best && *score < *best)) continue;
    if (!best || *score > *best) values.clear();
    best = score;
    values.push_back(entry.value);
  }
  return best ? values : get_all(wanted_section + '.' + wanted_name);
}

std::optional<std::string> Config::get_for_url(std::string_view section, const Url& url,
                                               std::string_view name) const {
  std::vector<std::string> values = get_all_for_url(section, url, name);
  if (values.empty()) return std::nullopt;
  return std::move(values.back());
}

std::string Config::rewrite_url(std::string_view url, bool push) const {
  const auto rewrite = [&](std::string_view name) -> std::optional<std::string> {
    std::string_view best_prefix;
    std::string_view best_base;
    bool found = false;
    for (const ConfigEntry& entry : entries_) {
      const auto base = middle_of(entry.key, "url", name);
      if (!base || !url.starts_with(entry.value)) continue;
      if (found && entry.value.size() <= best_prefix.size()) continue;
      best_prefix = entry.value;
      best_base = *base;
      found = true;
    }
    if (!found) return std::nullopt;
    return std::string(best_base) + std::string(url.substr(best_prefix.size()));
  };
  if (push) {
    if (auto rewritten = rewrite("pushinsteadof")) return *rewritten;
  }
  return rewrite("insteadof").value_or(std::string(url));
}

}  // namespace lazylfs::lfs
