#include "fs/ref_folder.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lazylfs::fs {

namespace {

constexpr std::chrono::seconds kAgeMax{1};
constexpr std::size_t kIdDigitsMin = 4;  // git's own
constexpr std::size_t kIdDigitsMax = 40;

template <typename Targets>
bool has_below(const Targets& targets, const std::string& prefix) {
  const auto next = targets.lower_bound(prefix);
  return next != targets.end() && next->first.starts_with(prefix);
}

}  // namespace

RefNames::RefNames(const std::vector<lfs::RefName>& refs) {
  struct Area {
    std::string_view prefix;
    Targets& targets;
  };
  // Earlier areas win: emplace() keeps what is there.
  const auto areas = std::to_array<Area>(
      {{"refs/heads/", listed_}, {"refs/tags/", listed_}, {"refs/remotes/", remotes_}});
  for (const Area& area : areas) {
    for (const lfs::RefName& ref : refs) {
      if (!ref.name.starts_with(area.prefix)) continue;
      area.targets.emplace(ref.name.substr(area.prefix.size()), ref.target);
    }
  }
}

std::optional<lfs::GitOid> RefNames::commit(std::string_view path) const {
  for (const Targets* targets : {&listed_, &remotes_}) {
    const auto found = targets->find(path);
    if (found != targets->end()) return found->second;
  }
  return std::nullopt;
}

bool RefNames::is_folder(std::string_view path) const {
  const std::string prefix = std::string(path) + "/";
  return has_below(listed_, prefix) || has_below(remotes_, prefix);
}

std::vector<std::string> RefNames::list(std::string_view path) const {
  const std::string prefix = path.empty() ? "" : std::string(path) + "/";
  std::vector<std::string> names;
  for (auto ref = listed_.lower_bound(prefix);
       ref != listed_.end() && ref->first.starts_with(prefix); ++ref) {
    const std::string_view rest = std::string_view(ref->first).substr(prefix.size());
    names.emplace_back(rest.substr(0, rest.find('/')));
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::shared_ptr<const RefNames> RefSource::names() const {
  const auto now = std::chrono::steady_clock::now();
  {
    auto cached = cached_.lock();
    if (cached->names && now - cached->read_at < kAgeMax) return cached->names;
  }
  auto names = std::make_shared<const RefNames>(repository_.refs());
  auto cached = cached_.lock();
  *cached = {names, now};
  return names;
}

bool is_commit_id(std::string_view name) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return name.size() >= kIdDigitsMin && name.size() <= kIdDigitsMax &&
         std::ranges::all_of(name, is_digit);
}

}  // namespace lazylfs::fs
