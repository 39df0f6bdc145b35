#include "lfs/api/messages.h"

#include <algorithm>
#include <array>

#include "lfs/base/json.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kMessageBytesMax = 1024;
constexpr std::size_t kErrorBodyBytesMax = 1U << 20U;

struct StatusMeaning {
  int status;
  Errc code;
  std::string_view before, after;  // around the URL
};
constexpr std::array<StatusMeaning, 13> kMeanings = {{
    {400, Errc::invalid, "Client error: ", ""},
    {401, Errc::denied,
     "Authorization error: ", "\nCheck that you have proper access to the repository"},
    {403, Errc::denied,
     "Authorization error: ", "\nCheck that you have proper access to the repository"},
    {404, Errc::not_found, "Repository or object not found: ",
     "\nCheck that it exists and that you have proper access to it"},
    {406, Errc::unsupported, "", ""},
    {410, Errc::not_found, "", ""},
    {413, Errc::invalid, "", ""},
    {422, Errc::invalid, "Unprocessable entity: ", ""},
    {429, Errc::transient, "Rate limit exceeded: ", ""},
    {500, Errc::transient, "Server error: ", ""},
    {501, Errc::unsupported, "Not Implemented: ", ""},
    {507, Errc::transient, "Insufficient server storage: ", ""},
    {509, Errc::transient, "Bandwidth limit exceeded: ", ""},
}};

Json body_as_json(std::string_view body) {
  if (body.size() > kErrorBodyBytesMax || !trim(body).starts_with('{')) return {};
  return parse_json(body, 16).value_or(Json{});
}

void mask(Json& value, bool in_header) {
  for (auto& item : value.items()) {
    Json& member = item.value();
    if (member.is_structured()) {
      mask(member, item.key() == "header");
    } else if (in_header) {
      member = "* * * * *";
    } else if (member.is_string() && item.key() == "href") {
      member = redact_url(member.get<std::string>());
    }
  }
}

}  // namespace

std::string presentable(std::string_view text, std::size_t bytes_max) {
  std::string result(trim(text).substr(0, bytes_max));
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return result;
}

Error status_error(const HttpHead& head, std::string_view body, std::string_view url) {
  const std::string shown = redact_url(url);
  const int status = head.status;
  Errc code = status >= 500 ? Errc::transient : Errc::invalid;
  std::string message = (status >= 500 ? "Server error " : "Client error ") + shown +
                        " from HTTP " + std::to_string(status);
  for (const StatusMeaning& entry : kMeanings) {
    if (entry.status != status) continue;
    code = entry.code;
    if (entry.before.empty()) continue;
    message = std::string(entry.before) + shown + std::string(entry.after);
  }
  // The server's message stands alone: our advice belongs to our words.
  const std::string told = json_string(body_as_json(body), "message").value_or("");
  if (!told.empty()) message = presentable(told, kMessageBytesMax);
  const bool fatal = status >= 500 && status != 501 && status != 507 && status != 509;
  return Error(code, (fatal ? "Fatal error: " : status == 422 ? "LFS: " : "") + message);
}

std::string request_id_of(const HttpHead& head, std::string_view body) {
  for (const char* name : {"X-Request-Id", "X-GitHub-Request-Id", "X-Amz-Request-Id"}) {
    if (const std::string_view id = head.header(name); !id.empty()) return presentable(id, 128);
  }
  return presentable(json_string(body_as_json(body), "request_id").value_or(""), 128);
}

std::string redact_json(std::string_view body) {
  Result<Json> value = parse_json(body);
  if (!value) return "(" + std::to_string(body.size()) + " bytes that are no JSON)";
  mask(*value, false);
  return dump_json(*value);
}

}  // namespace lazylfs::lfs
