#include "lfs/base/url.h"

#include <algorithm>
#include <array>

#include "lfs/base/text.h"

namespace lazylfs {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool is_scheme(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '-' || c == '.';
    if (!fits) return false;
  }
  return true;
}

// Splits "user:password@host:port" into `url`; false when the port is no number.
bool parse_authority(std::string_view authority, Url& url) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    std::string_view user = authority.substr(0, at);
    url.user = std::string(take_until(user, ':'));
    url.password = std::string(user);
    authority.remove_prefix(at + 1);
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  url.host = to_lower(authority.substr(0, has_port ? colon : authority.size()));
  if (!has_port || colon + 1 == authority.size()) return true;
  const auto port = parse_uint(authority.substr(colon + 1));
  if (!port || *port > 65535) return false;
  url.port = static_cast<std::uint16_t>(*port);
  return true;
}

// "user:password@host" without the password, in a text that is no URL to us but may be meant as
// one.
std::string without_password(std::string_view text) {
  const std::size_t mark = text.find("://");
  const std::size_t start = mark == std::string_view::npos ? 0 : mark + 3;
  const std::string_view rest = text.substr(start);
  const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::string_view user = rest.substr(0, std::min(rest.find(':'), at));
  return std::string(text.substr(0, start)) + std::string(user) + std::string(rest.substr(at));
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos || !is_scheme(text.substr(0, mark))) return std::nullopt;
  Url url;
  url.scheme = to_lower(text.substr(0, mark));
  std::string_view rest = text.substr(mark + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  if (!parse_authority(rest.substr(0, authority_end), url)) return std::nullopt;
  rest.remove_prefix(authority_end);
  rest = rest.substr(0, rest.find('#'));
  url.path = std::string(take_until(rest, '?'));
  url.query = std::string(rest);
  return url;
}

std::string Url::text() const {
  std::string credentials = user;
  if (!password.empty()) credentials += ':' + password;
  if (!credentials.empty()) credentials += '@';
  return scheme + "://" + credentials + host + (port ? ":" + std::to_string(*port) : "") + path +
         (query.empty() ? "" : "?" + query);
}

std::string Url::text_without_credentials() const {
  Url copy = *this;
  copy.user.clear();
  copy.password.clear();
  return copy.text();
}

std::uint16_t Url::effective_port() const {
  if (port) return *port;
  if (scheme == "https") return 443;
  if (scheme == "http") return 80;
  return scheme == "ssh" ? 22 : 0;
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && effective_port() == other.effective_port();
}

std::string percent_decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (escape) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (is_unreserved(c)) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
    }
  }
  return result;
}

std::string redact_url(std::string_view url) {
  std::optional<Url> parsed = Url::parse(url);
  if (!parsed) return without_password(url.substr(0, url.find('?')));
  parsed->password.clear();
  const bool has_query = !parsed->query.empty();
  parsed->query.clear();
  return parsed->text() + (has_query ? "?…" : "");
}

std::string redact_header(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 7> kSecretParts = {
      "authorization", "cookie", "token", "secret", "signature", "password", "credential"};
  const std::string lower = to_lower(name);
  for (const std::string_view part : kSecretParts) {
    if (lower.find(part) == std::string::npos) continue;
    const std::string_view kind = value.substr(0, value.find(' '));
    const bool basic = equals_ignoring_case(kind, "basic");
    return std::string(name) + ": " + (basic ? "Basic * * * * *" : "* * * * *");
  }
  return std::string(name) + ": " + std::string(value);
}

}  // namespace lazylfs
