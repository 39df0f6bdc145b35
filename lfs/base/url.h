// URLs as HTTP clients and git remotes use them, and the redaction of what they may carry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lazylfs {

// scheme://user:password@host:port/path?query. Parts are as written (still percent-encoded).
struct Url {
  std::string scheme;  // lower case
  std::string user, password;
  std::string host;  // lower case; an IPv6 address keeps its brackets
  std::optional<std::uint16_t> port;
  std::string path;   // starts with '/' or is empty
  std::string query;  // without '?'

  // Nothing when `text` has no "scheme://".
  static std::optional<Url> parse(std::string_view text);

  std::string text() const;
  std::string text_without_credentials() const;
  // 443, 80 or 22 when the URL names no port; 0 for an unknown scheme.
  std::uint16_t effective_port() const;
  // Same scheme, host and port: where credentials may go along.
  bool same_origin(const Url& other) const;
};

std::string percent_decode(std::string_view text);
// Encodes everything but unreserved characters (RFC 3986).
std::string percent_encode(std::string_view text);

// `url` without its password and without its query, for messages, traces and logs.
std::string redact_url(std::string_view url);

// "Name: value" with the value masked when the header may hold a secret (authorization, cookies,
// tokens, signatures), as it may be shown in a trace.
std::string redact_header(std::string_view name, std::string_view value);

}  // namespace lazylfs
