#include "tests/server/http_message.h"

#include <algorithm>
#include <array>

#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::server {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};
constexpr auto kReasons = std::to_array<Reason>({
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
});

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found = std::ranges::find(kReasons, status, &Reason::status);
  return found == kReasons.end() ? "Status" : found->phrase;
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  for (std::string_view part : split(query, '&')) {
    const std::string key = percent_decode(take_until(part, '='));
    if (key == name) return percent_decode(part);
  }
  return std::nullopt;
}

Result<HttpRequest> parse_request_head(std::string_view head) {
  HttpRequest request;
  std::string_view line = take_until(head, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  request.method = std::string(take_until(line, ' '));
  request.target = std::string(take_until(line, ' '));
  if (!line.starts_with("HTTP/1.") || !request.target.starts_with('/')) {
    return Error(Errc::invalid, "malformed request line");
  }
  std::string_view target = request.target;
  request.path = percent_decode(take_until(target, '?'));
  request.query = std::string(target);
  while (!head.empty()) {
    std::string_view field = take_until(head, '\n');
    if (field.ends_with('\r')) field.remove_suffix(1);
    if (field.empty()) continue;
    if (field.find(':') == std::string_view::npos) {
      return Error(Errc::invalid, "malformed header line");
    }
    const std::string_view name = take_until(field, ':');
    request.headers.emplace_back(std::string(name), std::string(trim(field)));
  }
  return request;
}

Result<std::string> RequestBody::text(std::size_t bytes_max) {
  std::string result;
  TRY(read_all([&](std::span<const std::byte> piece) -> Result<void> {
    if (result.size() + piece.size() > bytes_max) {
      return Error(Errc::invalid, "the request body is too long");
    }
    for (const std::byte byte : piece) result.push_back(static_cast<char>(byte));
    return {};
  }));
  return result;
}

Response Response::text(int status, std::string_view content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

Response Response::json(int status, const Json& value) {
  return text(status, "application/json", dump_json(value) + "\n");
}

Response Response::lfs(int status, const Json& value) {
  return text(status, "application/vnd.git-lfs+json", dump_json(value) + "\n");
}

Response Response::error(int status, std::string_view message) {
  return lfs(status, Json{{"message", std::string(message)}, {"request_id", "test-request"}});
}

void Response::set_header(std::string name, std::string value) {
  for (auto& [key, old] : headers) {
    if (equals_ignoring_case(key, name)) {
      old = std::move(value);
      return;
    }
  }
  headers.emplace_back(std::move(name), std::move(value));
}

std::uint64_t body_bytes(const Body& body) {
  if (const auto* text = std::get_if<std::string>(&body)) return text->size();
  if (const auto* file = std::get_if<FileBody>(&body)) return file->range.length;
  if (const auto* made = std::get_if<SyntheticBody>(&body)) return made->range.length;
  return 0;
}

}  // namespace lazylfs::server
