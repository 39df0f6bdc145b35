// why: what is known of a path's content. A mount is asked through its extended attributes; for a
// clone the commit and the cache are.
#include <sys/xattr.h>

#include <array>
#include <cerrno>

#include "cli/command_functions.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/targets.h"
#include "fs/registry.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/store/local_store.h"

namespace lazylfs::cli {
namespace {

struct Story {
  std::string path, oid, state, commit;
  std::uint64_t size = 0, cached_bytes = 0;
  std::string stored_at{};  // a complete copy in the repository's own store
  Json last_error{};        // null: none
};

std::optional<std::string> attribute(const std::string& path, const char* name) {
  constexpr std::size_t kValueMax = 64UL << 10U;
  std::string value(kValueMax, '\0');
  const ssize_t length = ::getxattr(path.c_str(), name, value.data(), value.size());
  if (length < 0) return std::nullopt;
  value.resize(static_cast<std::size_t>(length));
  return value;
}

std::uint64_t number_attribute(const std::string& path, const char* name) {
  return parse_uint(attribute(path, name).value_or("")).value_or(0);
}

// Errc::not_found when there is no such file; Errc::unsupported when it is no LFS file.
Result<Story> story_from_mount(const std::string& path) {
  const auto oid = attribute(path, "user.lfs.oid");
  if (!oid) {
    if (errno != ENODATA && errno != ENOTSUP) return Error::from_errno(path, errno);
    return Error(Errc::unsupported, path + ": not an LFS file; Git itself has its content");
  }
  Story story{.path = path,
              .oid = *oid,
              .state = attribute(path, "user.lfs.state").value_or("unknown"),
              .commit = attribute(path, "user.lfs.commit").value_or("")};
  story.size = number_attribute(path, "user.lfs.size");
  story.cached_bytes = number_attribute(path, "user.lfs.cached_bytes");
  const auto told = attribute(path, "user.lfs.last_error");
  if (told && !told->empty()) story.last_error = parse_json(*told).value_or(Json(*told));
  return story;
}

Result<std::vector<Story>> stories_from_clone(TargetFinder& finder, cache::Cache& cache,
                                              const std::string& path) {
  const Place place = TRY(finder.locate(path));
  const lfs::LocalStore local = lfs::LocalStore::of(*place.repository);
  std::vector<Story> stories;
  for (const Target& target : TRY(finder.by_path(path))) {
    const cache::ObjectStatus status = TRY(cache.status(target.id.oid));
    stories.push_back({.path = target.path,
                       .oid = target.id.oid.hex(),
                       .state = std::string(cache::object_state_name(status.state)),
                       .commit = place.commit.oid.hex(),
                       .size = target.id.size,
                       .cached_bytes = status.cached_bytes,
                       .stored_at = local.find(target.id).value_or("")});
  }
  return stories;
}

Json to_json(const Story& story) {
  return {{"path", story.path},
          {"oid", story.oid},
          {"size", story.size},
          {"state", story.state},
          {"cached_bytes", story.cached_bytes},
          {"commit", story.commit},
          {"stored_at", story.stored_at.empty() ? Json() : Json(story.stored_at)},
          {"last_error", story.last_error}};
}

std::string state_text(const Story& story) {
  if (story.state == "complete") return "complete: all of it is here and matches its id";
  if (story.state == "partial") {
    return "partial: " + format_size(story.cached_bytes) + " of " + format_size(story.size) +
           " are in the cache";
  }
  if (story.state == "remote") return "remote: nothing of it is in the cache";
  if (story.state == "quarantined") {
    return "quarantined: bytes that did not match the id were set aside; a read fetches afresh";
  }
  return story.state;
}

// "403 from example.org after 2 attempts at 12:00, request id x: message"
std::string error_text(const Json& error) {
  if (error.is_string()) return printable(error.get<std::string>());
  std::string text = json_string(error, "errno").value_or("");
  const auto add = [&text](std::string_view before, const std::optional<std::string>& value) {
    if (value && !value->empty()) text += std::string(before) + *value;
  };
  add(": ", json_string(error, "message"));
  const auto status = json_int(error, "status");
  if (status && *status != 0) add("\n  status:     ", std::to_string(*status));
  add("\n  server:     ", json_string(error, "host"));
  add("\n  request id: ", json_string(error, "request_id"));
  if (const auto attempts = json_int(error, "attempts")) {
    add("\n  attempts:   ", std::to_string(*attempts));
  }
  add("\n  time:       ", json_string(error, "time"));
  return text;
}

void print_story(std::ostream& out, const Story& story) {
  out << printable(story.path) << '\n'
      << "  object:     " << story.oid << " (" << format_size(story.size) << ")\n"
      << "  state:      " << state_text(story) << '\n';
  if (!story.stored_at.empty()) out << "  stored at:  " << printable(story.stored_at) << '\n';
  out << "  commit:     " << story.commit << '\n';
  if (!story.last_error.is_null()) {
    out << "  last error: " << error_text(story.last_error) << '\n';
  }
}

}  // namespace

Result<ExitCode> run_why(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  TargetFinder finder(settings, {arguments.value_or("ref", ""), arguments.value_or("repo", "")});
  std::unique_ptr<cache::Cache> cache;
  Json all = Json::array();
  for (const std::string& path : arguments.positional) {
    std::vector<Story> stories;
    const auto mounted = fs::find_mount(settings.cache_folder(), absolute_path(path));
    if (mounted && mounted->mount.alive && !arguments.has("ref") && !arguments.has("repo")) {
      stories.push_back(TRY(story_from_mount(path)));
    } else {
      if (!cache) cache = TRY(settings.open_cache(context.metrics));
      stories = TRY(stories_from_clone(finder, *cache, path));
    }
    for (const Story& story : stories) {
      all.push_back(to_json(story));
      if (!arguments.is_set("json")) print_story(context.out, story);
    }
  }
  // One path, one object: what scripts ask most.
  if (arguments.is_set("json")) print_json(context.out, all.size() == 1 ? all[0] : all);
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
