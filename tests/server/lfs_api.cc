#include "tests/server/lfs_api.h"

#include <algorithm>

#include "lfs/base/text.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kBodyBytesMax = 64U << 20U;
constexpr std::uint64_t kHugeReplyBytes = 256U << 20U;
constexpr int kDeepReplyLevels = 100000;

Json object_error(int code, const char* message) { return {{"code", code}, {"message", message}}; }

// A reply that goes on and on, each object of it well-formed.
StreamedBody huge_reply() {
  return {[](const StreamedBody::Take& take) -> Result<void> {
    std::string piece;
    const std::string object = R"({"oid":")" + std::string(64, 'a') + R"(","size":1},)";
    while (piece.size() < (64U << 10U)) piece += object;
    TRY(take(as_bytes(R"({"transfer":"basic","objects":[)")));
    for (std::uint64_t sent = 0; sent < kHugeReplyBytes; sent += piece.size()) {
      TRY(take(as_bytes(piece)));
    }
    return take(as_bytes(R"({"oid":"","size":0}]})"));
  }};
}

}  // namespace

Response spoil_batch_reply(Json reply, std::string_view how) {
  if (how == "huge") {
    Response response = Response::lfs(200, Json::object());
    response.body = huge_reply();
    return response;
  }
  if (how == "malformed") {
    return Response::text(200, "application/vnd.git-lfs+json", R"({"objects":[{"oid":)");
  }
  if (how == "deep") {
    std::string text = R"({"objects":)";
    text.append(kDeepReplyLevels, '[').append(kDeepReplyLevels, ']').append("}");
    return Response::text(200, "application/vnd.git-lfs+json", std::move(text));
  }
  if (how == "not-json") return Response::text(200, "text/html", "<html>sign in</html>\n");
  if (how == "wrong-hash-algo") reply["hash_algo"] = "sha512";
  if (how == "missing-objects") reply["objects"] = Json::array();
  for (Json& object : reply["objects"]) {
    if (how == "unknown-oid") object["oid"] = std::string(Oid::kHexLength, 'e');
    if (how == "no-actions") object.erase("actions");
    if (how.starts_with("error-object:")) {
      object.erase("actions");
      const std::int64_t code = parse_int(how.substr(how.find(':') + 1)).value_or(500);
      object["error"] = object_error(static_cast<int>(code), "told to fail");
    }
  }
  return Response::lfs(200, reply);
}

Json LfsApi::answer_for(const Json& object, std::string_view operation, const HttpRequest& request,
                        const Route& route, const FaultAction& fault) {
  const std::string oid = json_string(object, "oid").value_or("");
  const std::int64_t size = json_int(object, "size").value_or(-1);
  Json answer = {{"oid", oid}, {"size", size}};
  if (!Oid::parse(oid) || size < 0) {
    answer["error"] = object_error(422, "malformed oid or size");
    return answer;
  }
  if (links_.behaviour().authenticated) answer["authenticated"] = true;
  const std::optional<std::uint64_t> stored = store_.size_of(oid);
  const bool present = stored == static_cast<std::uint64_t>(size);
  const auto action = [&](std::string_view name) {
    return links_.action(name, route.repository, oid, static_cast<std::uint64_t>(size),
                         request.header("Authorization"), fault.expired_action);
  };
  if (operation == "download") {
    if (present) {
      answer["actions"]["download"] = action("download");
    } else {
      answer["error"] = object_error(404, "Object does not exist");
    }
  } else if (!present) {
    answer["actions"]["upload"] = action("upload");
    if (links_.behaviour().verify) answer["actions"]["verify"] = action("verify");
  }
  return answer;
}

Response LfsApi::batch(const HttpRequest& request, const Route& route, RequestBody& body,
                       const FaultAction& fault) {
  const Result<std::string> text = body.text(kBodyBytesMax);
  const Result<Json> call = text ? parse_json(*text) : Result<Json>(text.error());
  const Json* objects = call ? json_array(*call, "objects") : nullptr;
  if (request.method != "POST" || objects == nullptr) {
    return Response::error(400, "no batch request");
  }
  const std::string operation = json_string(*call, "operation").value_or("");
  if (operation != "download" && operation != "upload") {
    return Response::error(422, "unknown operation");
  }
  statistics_.batch(operation, objects->size());
  const Json* offered = json_array(*call, "transfers");
  const bool tus = operation == "upload" && offered != nullptr &&
                   std::find(offered->begin(), offered->end(), Json("tus")) != offered->end();
  Json reply = {
      {"transfer", tus ? "tus" : "basic"}, {"objects", Json::array()}, {"hash_algo", "sha256"}};
  for (const Json& object : *objects) {
    reply["objects"].push_back(answer_for(object, operation, request, route, fault));
  }
  return fault.json.empty() ? Response::lfs(200, reply)
                            : spoil_batch_reply(std::move(reply), fault.json);
}

Response LfsApi::verify(RequestBody& body) {
  const Result<std::string> text = body.text(kBodyBytesMax);
  const Result<Json> call = text ? parse_json(*text) : Result<Json>(text.error());
  if (!call) return Response::error(400, "no verify request");
  const std::string oid = json_string(*call, "oid").value_or("");
  const std::optional<std::uint64_t> stored = Oid::parse(oid) ? store_.size_of(oid) : std::nullopt;
  if (!stored) return Response::error(404, "Object does not exist");
  const bool same = json_int(*call, "size") == static_cast<std::int64_t>(*stored);
  return same ? Response::lfs(200, Json::object()) : Response::error(422, "another size");
}

}  // namespace lazylfs::server
