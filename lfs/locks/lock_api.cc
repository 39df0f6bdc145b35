#include "lfs/locks/lock_api.h"

#include "lfs/api/messages.h"
#include "lfs/base/json.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kMessageBytesMax = 1024;

Json ref_json(const std::string& ref) {
  Json value = Json::object();
  value["name"] = ref;
  return value;
}

// As HTML forms encode it, and Go: a space is '+'.
std::string query_encode(std::string_view text) {
  std::string encoded = percent_encode(text);
  for (std::size_t at = 0; (at = encoded.find("%20", at)) != std::string::npos;) {
    encoded.replace(at, 3, "+");
  }
  return encoded;
}

// A success whose body tells of a failure nevertheless: `action` says what failed.
Result<Json> parse_reply(std::string_view body, const std::string& action) {
  Json reply = TRY_CONTEXT("the reply to a lock call", parse_json(body));
  if (!reply.is_object()) return Error(Errc::corrupt, "the reply to a lock call is no object");
  const std::string message = json_string(reply, "message").value_or("");
  if (message.empty()) return reply;
  if (const auto id = json_string(reply, "request_id"); id && !id->empty()) {
    TRACE(TraceArea::general, "Server Request ID: " << presentable(*id, 128));
  }
  return Error(Errc::invalid, action + ": " + presentable(message, kMessageBytesMax));
}

std::string list_path(const LockQuery& query) {
  std::string path = "/locks";
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    path += separator;
    path.append(name).append("=").append(query_encode(value));
    separator = '&';
  };
  add("cursor", query.cursor);
  add("id", query.id);
  if (query.limit > 0) add("limit", std::to_string(query.limit));
  add("path", query.path);
  add("refspec", query.ref);
  return path;
}

}  // namespace

Result<Lock> HttpLockApi::create(const std::string& path, const std::string& ref) {
  Json call = {{"path", path}};
  call["ref"] = ref_json(ref);
  const std::string body = TRY(caller_.call(Operation::upload, "POST", "/locks", dump_json(call)));
  const Json reply = TRY(parse_reply(body, "server unable to create lock"));
  const Json* lock = json_object(reply, "lock");
  if (lock == nullptr) return Error(Errc::corrupt, "the server's reply has no lock in it");
  return lock_from_json(*lock);
}

Result<Lock> HttpLockApi::remove(const std::string& id, bool force, const std::string& ref) {
  Json call = {{"force", force}};
  call["ref"] = ref_json(ref);
  const std::string path = "/locks/" + percent_encode(id) + "/unlock";
  const std::string body = TRY(caller_.call(Operation::upload, "POST", path, dump_json(call)));
  const Json reply = TRY(parse_reply(body, "server unable to unlock"));
  const Json* lock = json_object(reply, "lock");
  if (lock == nullptr) {
    Lock unnamed;
    unnamed.id = id;
    return unnamed;
  }
  return lock_from_json(*lock);
}

Result<LockPage> HttpLockApi::list(const LockQuery& query) {
  const std::string body = TRY(caller_.call(Operation::download, "GET", list_path(query), ""));
  const Json reply = TRY(parse_reply(body, "server error searching for locks"));
  LockPage page;
  page.locks = TRY(locks_from_json(reply, "locks"));
  page.next_cursor = json_string(reply, "next_cursor").value_or("");
  return page;
}

Result<VerifiedPage> HttpLockApi::verify(const LockQuery& query) {
  Json call = Json::object();
  call["ref"] = ref_json(query.ref);
  if (!query.cursor.empty()) call["cursor"] = query.cursor;
  if (query.limit > 0) call["limit"] = query.limit;
  const auto body = caller_.call(Operation::upload, "POST", "/locks/verify", dump_json(call));
  if (!body) {
    const bool unknown = body.error().code() == Errc::not_found;
    return unknown ? Error(Errc::unsupported, body.error().message()) : body.error();
  }
  const Json reply = TRY(parse_reply(*body, "server error searching locks"));
  VerifiedPage page;
  page.locks.ours = TRY(locks_from_json(reply, "ours"));
  page.locks.theirs = TRY(locks_from_json(reply, "theirs"));
  page.next_cursor = json_string(reply, "next_cursor").value_or("");
  return page;
}

}  // namespace lazylfs::lfs
