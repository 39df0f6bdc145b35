#include "tests/server/route.h"

#include <array>

namespace lazylfs::server {
namespace {

constexpr std::string_view kMoved = "/moved";
constexpr std::string_view kApi = "/info/lfs/";
constexpr std::string_view kObjects = "objects/";
constexpr auto kGitPaths = std::to_array<std::string_view>(
    {"/info/refs", "/git-upload-pack", "/git-receive-pack", "/HEAD"});

std::string repository_name(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  return std::string(path);
}

// The oid when `path` names an object.
std::string object_of(std::string_view path) {
  const std::size_t at = path.rfind(kObjects);
  if (at == std::string_view::npos) return {};
  const std::string_view oid = path.substr(at + kObjects.size(), Oid::kHexLength);
  return Oid::parse(oid) ? std::string(oid) : std::string();
}

Route api_route(std::string_view repository, std::string_view rest) {
  Route route{
      .kind = Kind::other, .repository = repository_name(repository), .rest = {}, .oid = {}};
  if (rest == "objects/batch") route.kind = Kind::batch;
  if (rest == "verify") route.kind = Kind::verify;
  if (rest == "locks" || rest.starts_with("locks/")) {
    route.kind = Kind::locks;
    route.rest = std::string(rest.substr(5));
  }
  return route;
}

}  // namespace

std::string_view kind_name(Kind kind) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"admin", "batch", "download", "upload", "verify", "locks", "git", "other"});
  static_assert(kNames.size() == static_cast<std::size_t>(Kind::count_));
  return kNames.at(static_cast<std::size_t>(kind));
}

Route route_of(const HttpRequest& request) {
  std::string_view path = request.path;
  if (path.starts_with("/_admin/")) {
    return {.kind = Kind::admin, .repository = {}, .rest = std::string(path.substr(8)), .oid = {}};
  }
  while (path.starts_with("/moved/")) path.remove_prefix(kMoved.size());
  if (std::string oid = object_of(path); !oid.empty()) {
    const bool tus = !request.header("Tus-Resumable").empty();
    const Kind kind = request.method == "PUT" || tus ? Kind::upload : Kind::download;
    return {.kind = kind, .repository = {}, .rest = {}, .oid = std::move(oid)};
  }
  if (const std::size_t at = path.find(kApi); at != std::string_view::npos) {
    return api_route(path.substr(0, at), path.substr(at + kApi.size()));
  }
  for (const std::string_view end : kGitPaths) {
    if (!path.ends_with(end)) continue;
    path.remove_suffix(end.size());
    return {.kind = Kind::git,
            .repository = repository_name(path),
            .rest = std::string(end),
            .oid = {}};
  }
  return {};
}

}  // namespace lazylfs::server
