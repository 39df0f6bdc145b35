#include "lfs/locks/lock_api.h"

#include <utility>

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

ApiCall post(std::string purpose, std::string path, const Json& body) {
  ApiCall call;
  call.operation = Operation::upload;
  call.method = "POST";
  call.purpose = std::move(purpose);
  call.path = std::move(path);
  call.body = dump_json(body);
  return call;
}

// A success may tell of a failure nevertheless, in its body: `action` says what failed.
Result<Json> parse_reply(const ApiResponse& response, const std::string& action) {
  Json reply = TRY(response.json());
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
  Json body = {{"path", path}};
  body["ref"] = ref_json(ref);
  const ApiResponse response = TRY(call_(post("lfs.locks.lock", "/locks", body)));
  const Json reply = TRY(parse_reply(response, "server unable to create lock"));
  const Json* lock = json_object(reply, "lock");
  if (lock == nullptr) return Error(Errc::corrupt, "the server's reply has no lock in it");
  return lock_from_json(*lock);
}

Result<Lock> HttpLockApi::remove(const std::string& id, bool force, const std::string& ref) {
  Json body = {{"force", force}};
  body["ref"] = ref_json(ref);
  const ApiResponse response =
      TRY(call_(post("lfs.locks.unlock", "/locks/" + percent_encode(id) + "/unlock", body)));
  const Json reply = TRY(parse_reply(response, "server unable to unlock"));
  const Json* lock = json_object(reply, "lock");
  if (lock != nullptr) return lock_from_json(*lock);
  Lock unnamed;
  unnamed.id = id;
  return unnamed;
}

Result<LockPage> HttpLockApi::list(const LockQuery& query) {
  ApiCall call;
  call.purpose = "lfs.locks.search";
  call.path = list_path(query);
  const ApiResponse response = TRY(call_(call));
  const Json reply = TRY(parse_reply(response, "server error searching for locks"));
  LockPage page;
  page.locks = TRY(locks_from_json(reply, "locks"));
  page.next_cursor = json_string(reply, "next_cursor").value_or("");
  return page;
}

Result<VerifiedPage> HttpLockApi::verify(const LockQuery& query) {
  Json body = Json::object();
  body["ref"] = ref_json(query.ref);
  if (!query.cursor.empty()) body["cursor"] = query.cursor;
  if (query.limit > 0) body["limit"] = query.limit;
  const ApiResponse response = TRY(call_(post("lfs.locks.verify", "/locks/verify", body)));
  switch (response.head.status) {
    case 404:
    case 501:
      return Error(Errc::unsupported, response.error().message());
    case 403:
      return Error(Errc::denied, response.error().message());
    default:
      break;
  }
  const Json reply = TRY(parse_reply(response, "server error searching locks"));
  VerifiedPage page;
  page.locks.ours = TRY(locks_from_json(reply, "ours"));
  page.locks.theirs = TRY(locks_from_json(reply, "theirs"));
  page.next_cursor = json_string(reply, "next_cursor").value_or("");
  return page;
}

}  // namespace lazylfs::lfs
