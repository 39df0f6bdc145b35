#include "lfs/api/batch.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "lfs/base/json.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr int kDepthMax = 16;
constexpr std::size_t kHeadersMax = 64;
constexpr std::size_t kHrefBytesMax = 16384;
constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::int64_t kLatestTime = 253402300799;  // the year 9999

struct CodeMeaning {
  int code;
  Errc errc;
};
constexpr std::array<CodeMeaning, 8> kObjectErrors = {{{401, Errc::denied},
                                                       {403, Errc::denied},
                                                       {404, Errc::not_found},
                                                       {409, Errc::invalid},
                                                       {410, Errc::not_found},
                                                       {422, Errc::invalid},
                                                       {429, Errc::transient},
                                                       {501, Errc::unsupported}}};

Errc meaning_of(std::int64_t code) {
  for (const CodeMeaning& entry : kObjectErrors) {
    if (entry.code == code) return entry.errc;
  }
  return code >= 500 && code < 600 ? Errc::transient : Errc::invalid;
}

Error object_error(const Json& error) {
  const std::int64_t code = json_int(error, "code").value_or(0);
  std::string message = json_string(error, "message").value_or("the server gave no reason");
  if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
  std::replace_if(
      message.begin(), message.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return Error(meaning_of(code), "[" + std::to_string(code) + "] " + message);
}

Result<std::string> check_href(const Json& action) {
  const std::string href = json_string(action, "href").value_or("");
  const bool printable = std::all_of(href.begin(), href.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  const auto url = printable && href.size() <= kHrefBytesMax ? Url::parse(href) : std::nullopt;
  const bool http = url && (url->scheme == "http" || url->scheme == "https") && !url->host.empty();
  if (!http) return Error(Errc::invalid, "the server gave an address that is not http(s)");
  return href;
}

Result<std::vector<Header>> read_headers(const Json& action) {
  std::vector<Header> headers;
  const Json* object = json_object(action, "header");
  if (object == nullptr || !object->is_object()) return headers;
  if (object->size() > kHeadersMax) {
    return Error(Errc::invalid, "the server asks for too many headers");
  }
  for (const auto& item : object->items()) {
    if (!item.value().is_string()) continue;
    std::string value = item.value().get<std::string>();
    if (!is_safe_header(item.key(), value)) {
      return Error(Errc::invalid, "the server asks for a malformed header");
    }
    headers.push_back({item.key(), std::move(value)});
  }
  return headers;
}

std::optional<std::int64_t> expiry(const Json& action, std::int64_t now) {
  const std::int64_t in = json_int(action, "expires_in").value_or(0);
  if (in != 0) return in > kLatestTime - now ? kLatestTime : std::max<std::int64_t>(0, now + in);
  const auto at = json_string(action, "expires_at");
  const auto time = at ? parse_time(*at) : std::nullopt;
  // Servers write year 1 or 1970 for "no expiry".
  return time && *time > 0 ? time : std::nullopt;
}

Result<Action> read_action(const Json& object, std::int64_t now) {
  if (const Json* error = json_object(object, "error")) return object_error(*error);
  const Json* download = find_action(object, "download");
  if (download == nullptr) {
    return Error(Errc::not_found, "the server offers no download of this object");
  }
  return parse_action(*download, json_bool(object, "authenticated").value_or(false), now);
}

}  // namespace

const Json* find_action(const Json& entry, const char* name) {
  const Json* actions = json_object(entry, "actions");
  if (actions == nullptr) actions = json_object(entry, "_links");
  return actions != nullptr ? json_object(*actions, name) : nullptr;
}

std::optional<std::int64_t> action_expiry(const Json& action, std::int64_t now) {
  return expiry(action, now);
}

Result<Action> parse_action(const Json& json, bool authenticated, std::int64_t now) {
  Action action;
  action.href = TRY(check_href(json));
  action.headers = TRY(read_headers(json));
  action.expires_at = expiry(json, now);
  action.authenticated = authenticated;
  return action;
}

std::optional<Error> entry_error(const Json& entry) {
  const Json* error = json_object(entry, "error");
  if (error == nullptr) return std::nullopt;
  const Error plain = object_error(*error);
  std::string_view message = plain.message();
  take_until(message, ' ');  // "[404]"
  return Error(plain.code(), std::string(message) + ": " + plain.message());
}

bool is_safe_header(std::string_view name, std::string_view value) {
  const bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
  return token && value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string encode_batch_request(const BatchRequest& request) {
  Json objects = Json::array();
  for (const ObjectId& id : request.objects) {
    Json object;
    object["oid"] = id.oid.hex();
    object["size"] = id.size;
    objects.push_back(std::move(object));
  }
  Json body;
  body["operation"] = request.operation;
  body["objects"] = std::move(objects);
  const bool only_basic = request.transfers.size() == 1 && request.transfers[0] == "basic";
  if (!request.transfers.empty() && !only_basic) body["transfers"] = request.transfers;
  if (!request.ref.empty()) body["ref"]["name"] = request.ref;
  body["hash_algo"] = "sha256";
  return dump_json(body);
}

Result<std::vector<BatchObject>> parse_batch_response(std::string_view body,
                                                      const std::vector<ObjectId>& asked,
                                                      std::int64_t now) {
  if (body.size() > kBatchReplyBytesMax) {
    return Error(Errc::corrupt, "the batch reply is too large");
  }
  const Json reply = TRY_CONTEXT("batch reply", parse_json(body, kDepthMax));
  const std::string hash = json_string(reply, "hash_algo").value_or("");
  if (!hash.empty() && hash != "sha256") {
    return Error(Errc::unsupported, "unsupported hash algorithm: " + hash.substr(0, 32));
  }
  const Json* objects = json_array(reply, "objects");
  if (objects == nullptr || !objects->is_array()) {
    return Error(Errc::corrupt, "the server's reply is no batch reply");
  }
  std::unordered_map<Oid, const Json*> answers;
  for (const Json& object : *objects) {
    const Result<Oid> oid = Oid::parse(json_string(object, "oid").value_or(""));
    if (oid) answers.emplace(*oid, &object);
  }
  std::vector<BatchObject> result;
  result.reserve(asked.size());
  for (const ObjectId& id : asked) {
    const auto answer = answers.find(id.oid);
    result.push_back({id, answer == answers.end()
                              ? Error(Errc::not_found, "the server's reply leaves this object out")
                              : read_action(*answer->second, now)});
  }
  return result;
}

}  // namespace lazylfs::lfs
