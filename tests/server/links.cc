#include "tests/server/links.h"

#include <array>
#include <ctime>
#include <random>

#include "lfs/base/sha256.h"
#include "lfs/base/text.h"

namespace lazylfs::server {

Links::Links(const Behaviour& behaviour, Origins origins)
    : behaviour_(behaviour),
      origins_(std::move(origins)),
      key_(std::to_string(std::random_device{}())) {}

// Keyed, not cryptographic: it keeps tests honest, not attackers out.
std::string Links::sign(const std::string& oid, std::string_view expires) const {
  return Sha256::of(key_ + ":" + oid + ":" + std::string(expires)).hex();
}

std::string Links::signed_query(const std::string& oid, std::int64_t expires) const {
  const std::string time = std::to_string(expires);
  return "X-Expires=" + time + "&X-Signature=" + sign(oid, time);
}

std::string Links::signed_storage_url(const std::string& oid) const {
  return origins_.storage + "/objects/" + oid + "?" +
         signed_query(oid, std::time(nullptr) + kExpirySeconds);
}

Json Links::action(std::string_view operation, const std::string& repository,
                   const std::string& oid, std::uint64_t size, std::string_view authorization,
                   std::string_view expired) const {
  const bool verify = operation == "verify";
  const bool upload = operation == "upload";
  const std::int64_t expires = std::time(nullptr) + (expired.empty() ? kExpirySeconds : -60);
  const bool elsewhere = behaviour_.storage_elsewhere && !verify;
  std::string href = (elsewhere ? origins_.storage : origins_.api) + "/" + repository + ".git";
  href += verify ? "/info/lfs/verify" : "/objects/" + oid;
  if (upload) href += "/" + std::to_string(size);
  if (!verify && (behaviour_.signed_urls || !expired.empty())) {
    href += "?" + signed_query(oid, expires);
  }
  Json action = {{"href", href}};
  Json header = Json::object();
  const HeaderTrait& trait = upload ? behaviour_.upload_header : behaviour_.download_header;
  if (!trait.name.empty() && !verify) header[std::string(trait.name)] = std::string(trait.value);
  if (behaviour_.echo_authorization && !authorization.empty()) {
    header["Authorization"] = std::string(authorization);
  }
  if (verify && !authorization.empty()) header["Authorization"] = std::string(authorization);
  if (!header.empty()) action["header"] = std::move(header);
  const bool told = expired == "told";
  if (behaviour_.expires_in || told) action["expires_in"] = told ? -60 : kExpirySeconds;
  if (behaviour_.expires_at || told) {
    action["expires_at"] = format_time(told ? expires : std::time(nullptr) + kExpirySeconds);
  }
  return action;
}

int Links::check(const HttpRequest& request, const std::string& oid) const {
  const bool storage = on_storage(request);
  const bool upload = request.method == "PUT" || !request.header("Tus-Resumable").empty();
  // After a redirect to storage the URL's signature replaces the action's headers.
  const bool redirected = storage && !behaviour_.storage_elsewhere;
  const HeaderTrait& trait = upload ? behaviour_.upload_header : behaviour_.download_header;
  if (!redirected && !trait.name.empty() && request.header(trait.name) != trait.value) {
    return trait.name == "Authorization" ? 401 : 400;
  }
  const auto expires = request.parameter("X-Expires");
  if (!expires.has_value()) {
    const bool needed = behaviour_.signed_urls && (storage || behaviour_.storage_elsewhere);
    return needed ? 403 : 0;
  }
  const bool genuine = request.parameter("X-Signature") == sign(oid, *expires);
  return genuine && parse_int(*expires).value_or(0) > std::time(nullptr) ? 0 : 403;
}

}  // namespace lazylfs::server
