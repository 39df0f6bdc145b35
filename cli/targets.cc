#include "cli/targets.h"

#include <algorithm>
#include <set>

#include "cli/glob.h"
#include "cli/lfs_files.h"
#include "fs/registry.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

// Parts `path` where its first pattern begins: the folder before it, and the pattern.
std::pair<std::string, std::string> split_pattern(const std::string& path) {
  std::string base;
  std::string_view rest = path;
  while (!rest.empty() && has_glob(rest)) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos || has_glob(rest.substr(0, slash))) break;
    base += (base.empty() && path[0] != '/' ? "" : "/") + std::string(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  if (!has_glob(rest)) return {path, ""};
  return {base.starts_with("//") ? base.substr(1) : base, std::string(rest)};
}

// The rest of `path` below `folder`; nothing when it is not there.
std::optional<std::string> path_below(const std::string& folder, const std::string& path) {
  std::string root = folder;
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  if (path == root) return "";
  if (root == "/") return path.substr(1);
  if (!path.starts_with(root + '/')) return std::nullopt;
  return path.substr(root.size() + 1);
}

std::string join(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  if (name.empty()) return std::string(folder);
  return std::string(folder) + '/' + std::string(name);
}

}  // namespace

bool looks_like_oid(std::string_view text) {
  constexpr std::size_t kPrefixMin = 4;
  return text.size() >= kPrefixMin && text.size() <= Oid::kHexLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<ObjectId> find_cached_object(const std::vector<cache::ObjectStatus>& objects,
                                    std::string_view prefix) {
  const cache::ObjectStatus* found = nullptr;
  for (const cache::ObjectStatus& object : objects) {
    if (!object.id.oid.hex().starts_with(prefix)) continue;
    if (found != nullptr) {
      return Error(Errc::invalid,
                   std::string(prefix) + ": several cached objects begin so; give more digits");
    }
    found = &object;
  }
  if (found == nullptr) {
    return Error(Errc::not_found, std::string(prefix) + ": the cache knows no such object");
  }
  return found->id;
}

Result<std::shared_ptr<const lfs::Repository>> TargetFinder::open_repository(
    const std::string& folder) {
  for (const auto& [name, repository] : repositories_) {
    if (name == folder) return repository;
  }
  auto opened = std::make_shared<const lfs::Repository>(TRY(lfs::Repository::discover(folder)));
  repositories_.emplace_back(folder, opened);
  return std::shared_ptr<const lfs::Repository>(opened);
}

// Inside a mount, ".at/<ref>/…" names another commit; a ref's name may hold slashes, so the
// shortest beginning that is a commit counts.
Result<Place> TargetFinder::in_mount(const std::string& mounted_repository,
                                     const std::string& commit, const std::string& path) {
  Place place;
  place.repository = TRY(open_repository(mounted_repository));
  place.base = path;
  if (!path.starts_with(".at/")) {
    place.commit =
        TRY(place.repository->resolve_commit(options_.ref.empty() ? commit : options_.ref));
    return place;
  }
  std::string_view rest = std::string_view(path).substr(4);
  std::string ref;
  while (!rest.empty()) {
    ref = join(ref, take_until(rest, '/'));
    const auto resolved = place.repository->resolve_commit(ref);
    if (!resolved) continue;
    place.commit = *resolved;
    place.base = std::string(rest);
    return place;
  }
  return Error(Errc::not_found, path + ": no such branch, tag or commit");
}

Result<Place> TargetFinder::in_clone(const std::string& path) {
  Place place;
  const std::string start = options_.repo.empty() ? "." : options_.repo;
  auto repository = open_repository(start);
  if (!repository) {
    if (repository.error().code() != Errc::not_found) return repository.error();
    return Error(Errc::not_found, path + ": neither in a mount nor in a Git repository");
  }
  place.repository = *repository;
  place.commit =
      TRY(place.repository->resolve_commit(options_.ref.empty() ? "HEAD" : options_.ref));
  const std::string& work_tree = place.repository->work_tree();
  if (work_tree.empty() || !options_.repo.empty()) {
    // No work tree to be in: the path is the commit's.
    place.base = path == "." ? "" : path;
    while (place.base.starts_with('/')) place.base.erase(0, 1);
    return place;
  }
  const auto below = path_below(work_tree, absolute_path(path));
  if (!below) return Error(Errc::not_found, path + ": outside the repository at " + work_tree);
  place.base = *below;
  return place;
}

Result<Place> TargetFinder::locate(const std::string& path) {
  const auto [folder, pattern] = split_pattern(path);
  const std::string start = folder.empty() ? "." : folder;
  const auto mounted = fs::find_mount(settings_.cache_folder(), absolute_path(start));
  Place place;
  if (mounted && options_.repo.empty()) {
    const fs::MountRecord& mount = mounted->mount;
    const bool other_commit = mounted->path.starts_with(".at/");
    place = TRY(in_mount(mount.repository, mount.commit, mounted->path));
    place.base = join(other_commit ? "" : mount.subdir, place.base);
  } else {
    place = TRY(in_clone(start));
  }
  while (place.base.ends_with('/')) place.base.pop_back();
  place.pattern = pattern;
  return place;
}

Result<std::vector<Target>> TargetFinder::by_path(const std::string& path) {
  const Place place = TRY(locate(path));
  const std::size_t skipped = place.base.empty() ? 0 : place.base.size() + 1;
  const auto wanted = [&](std::string_view found) {
    return path_selected(place.pattern, found.substr(std::min(skipped, found.size())));
  };
  auto files = TRY(find_lfs_files(*place.repository, place.commit, place.base, wanted));
  if (files.empty()) return Error(Errc::not_found, path + ": no LFS file there");
  std::vector<Target> targets;
  targets.reserve(files.size());
  for (LfsFile& file : files) targets.push_back({file.id, std::move(file.path)});
  return targets;
}

Result<std::vector<Target>> TargetFinder::find(const std::vector<std::string>& words,
                                               cache::Cache* cache) {
  std::optional<std::vector<cache::ObjectStatus>> cached;
  std::vector<Target> targets;
  std::set<Oid> seen;
  for (const std::string& word : words) {
    std::vector<Target> found;
    if (cache != nullptr && looks_like_oid(word) && !file_exists(word)) {
      if (!cached) cached = TRY(cache->list());
      found.push_back({TRY(find_cached_object(*cached, word)), ""});
    } else {
      found = TRY(by_path(word));
    }
    for (Target& target : found) {
      if (seen.insert(target.id.oid).second) targets.push_back(std::move(target));
    }
  }
  return targets;
}

}  // namespace lazylfs::cli
