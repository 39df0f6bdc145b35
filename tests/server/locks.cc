#include "tests/server/locks.h"

#include <algorithm>
#include <ctime>
#include <functional>

#include "lfs/base/text.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kCallBytesMax = 1U << 20U;
constexpr std::uint64_t kPageDefault = 100;

// The part of a list that a cursor and a limit select. Cursors are positions.
struct Page {
  std::size_t begin = 0, end = 0;
  std::string next_cursor;
};
Page page_of(std::size_t count, std::string_view cursor, std::uint64_t limit) {
  Page page;
  page.begin =
      std::min<std::size_t>(static_cast<std::size_t>(parse_uint(cursor).value_or(0)), count);
  page.end = std::min<std::size_t>(page.begin + static_cast<std::size_t>(limit), count);
  if (page.end < count) page.next_cursor = std::to_string(page.end);
  return page;
}

std::uint64_t limit_or_default(std::uint64_t limit) { return limit == 0 ? kPageDefault : limit; }

}  // namespace

Json Locks::to_json(const Lock& lock) {
  return {{"id", lock.id},
          {"path", lock.path},
          {"locked_at", format_time(lock.locked_at)},
          {"owner", {{"name", lock.owner}}}};
}

Response Locks::create(State& state, Repository& locks, const Json& call, const std::string& user) {
  const std::string path = json_string(call, "path").value_or("");
  if (path.empty()) return Response::error(422, "a lock needs a path");
  const auto held = std::ranges::find(locks, path, &Lock::path);
  if (held != locks.end()) {
    return Response::lfs(409, {{"lock", to_json(*held)}, {"message", "already created lock"}});
  }
  const Json* ref = json_object(call, "ref");
  locks.push_back({.id = std::to_string(++state.last_id),
                   .path = path,
                   .owner = user,
                   .ref = ref != nullptr ? json_string(*ref, "name").value_or("") : "",
                   .locked_at = std::time(nullptr)});
  return Response::lfs(201, {{"lock", to_json(locks.back())}});
}

Response Locks::list(const Repository& locks, const HttpRequest& request) {
  std::vector<const Lock*> matching;
  const auto path = request.parameter("path");
  const auto id = request.parameter("id");
  const auto ref = request.parameter("refspec");
  for (const Lock& lock : locks) {
    const bool match = (!path || lock.path == *path) && (!id || lock.id == *id) &&
                       (!ref || ref->empty() || lock.ref.empty() || lock.ref == *ref);
    if (match) matching.push_back(&lock);
  }
  const std::uint64_t limit = parse_uint(request.parameter("limit").value_or("")).value_or(0);
  const Page page =
      page_of(matching.size(), request.parameter("cursor").value_or(""), limit_or_default(limit));
  Json reply = {{"locks", Json::array()}};
  for (std::size_t i = page.begin; i < page.end; ++i)
    reply["locks"].push_back(to_json(*matching[i]));
  if (!page.next_cursor.empty()) reply["next_cursor"] = page.next_cursor;
  return Response::lfs(200, reply);
}

Response Locks::verify(const Repository& locks, const Json& call, const std::string& user) {
  const std::int64_t limit = json_int(call, "limit").value_or(0);
  const Page page =
      page_of(locks.size(), json_string(call, "cursor").value_or(""),
              limit_or_default(static_cast<std::uint64_t>(std::max<std::int64_t>(limit, 0))));
  Json reply = {{"ours", Json::array()}, {"theirs", Json::array()}};
  for (std::size_t i = page.begin; i < page.end; ++i) {
    reply[locks[i].owner == user ? "ours" : "theirs"].push_back(to_json(locks[i]));
  }
  if (!page.next_cursor.empty()) reply["next_cursor"] = page.next_cursor;
  return Response::lfs(200, reply);
}

Response Locks::unlock(Repository& locks, const std::string& id, const Json& call,
                       const std::string& user) {
  const auto held = std::ranges::find(locks, id, &Lock::id);
  if (held == locks.end()) return Response::error(404, "no such lock");
  if (held->owner != user && !json_bool(call, "force").value_or(false)) {
    return Response::error(403, "the lock belongs to " + held->owner);
  }
  const Json reply = {{"lock", to_json(*held)}};
  locks.erase(held);
  return Response::lfs(200, reply);
}

Response Locks::handle(const HttpRequest& request, const Route& route, RequestBody& body,
                       const std::string& user) {
  const Result<std::string> text = body.text(kCallBytesMax);
  const Result<Json> call = request.method == "GET"
                                ? Result<Json>(Json::object())
                                : (text ? parse_json(*text) : Result<Json>(text.error()));
  if (!call) return Response::error(400, "no lock request");
  auto state = state_.lock();
  Repository& locks = state->repositories[route.repository];
  if (request.method == "GET" && route.rest.empty()) return list(locks, request);
  if (request.method != "POST") return Response::error(405, "method not allowed");
  if (route.rest.empty()) return create(*state, locks, *call, user);
  if (route.rest == "/verify") return verify(locks, *call, user);
  constexpr std::string_view kUnlock = "/unlock";
  if (route.rest.ends_with(kUnlock)) {
    return unlock(locks, route.rest.substr(1, route.rest.size() - kUnlock.size() - 1), *call, user);
  }
  return Response::error(404, "no such call");
}

}  // namespace lazylfs::server
