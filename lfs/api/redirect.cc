#include <algorithm>
#include <array>

#include "lfs/api/client.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

// Headers that say what is asked for. Any other may be a secret that only the first host knows.
constexpr std::array<std::string_view, 7> kHarmlessHeaders = {
    "accept", "accept-encoding", "content-type", "if-match", "if-range", "range", "user-agent"};

bool is_harmless(const Header& header) {
  return std::find(kHarmlessHeaders.begin(), kHarmlessHeaders.end(), to_lower(header.name)) !=
         kHarmlessHeaders.end();
}

std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> parts = split(path, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (parts[i] != ".") {
      kept.push_back(parts[i]);
      continue;
    }
    if (last) kept.emplace_back();
  }
  std::string result;
  for (const std::string_view part : kept) result += "/" + std::string(part);
  return result.empty() ? "/" : result;
}

// A Location against the URL that it came from (RFC 3986, section 5.2).
Result<Url> resolve(const Url& base, std::string_view location) {
  location = location.substr(0, location.find('#'));
  if (location.empty()) return Error(Errc::invalid, "a redirect without a Location");
  const std::size_t colon = location.find(':');
  const bool has_scheme = colon != std::string_view::npos &&
                          location.substr(0, colon).find_first_of("/?") == std::string_view::npos;
  std::string absolute;
  if (has_scheme) {
    absolute = std::string(location);
  } else if (location.starts_with("//")) {
    absolute = base.scheme + ":" + std::string(location);
  }
  if (!absolute.empty()) {
    const auto url = Url::parse(absolute);
    if (!url || url->host.empty() || (url->scheme != "http" && url->scheme != "https")) {
      return Error(Errc::invalid, "a redirect to something that is not http(s)");
    }
    return *url;
  }
  Url url = base;
  url.user.clear();
  url.password.clear();
  std::string_view rest = location;
  const std::string_view path = take_until(rest, '?');
  url.query = std::string(rest);
  if (path.starts_with('/')) {
    url.path = remove_dot_segments(path);
  } else if (!path.empty()) {
    const std::size_t slash = base.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "/" : base.path.substr(0, slash + 1);
    url.path = remove_dot_segments(folder + std::string(path));
  }
  return url;
}

}  // namespace

Result<HttpRequest> ApiClient::follow_redirect(const HttpRequest& request, const HttpHead& head) {
  const auto from = Url::parse(request.url);
  if (!from) return Error(Errc::invalid, "a redirect from a malformed URL");
  const Url to = TRY(resolve(*from, trim(head.header("Location"))));
  if (from->scheme == "https" && to.scheme == "http") {
    return Error(Errc::denied, "refusing insecure redirect: HTTPS to HTTP");
  }
  HttpRequest next = request;
  next.url = to.text_without_credentials();
  if (from->same_origin(to)) return next;
  std::erase_if(next.headers, [](const Header& header) { return !is_harmless(header); });
  if (request.options != nullptr) {
    HttpOptions options = *request.options;
    std::erase_if(options.extra_headers, [](const Header& header) { return !is_harmless(header); });
    options.client_cert.clear();
    options.client_key.clear();
    options.key_passphrase.clear();
    options.cookie_file.clear();
    options.negotiate = false;
    next.options = std::make_shared<const HttpOptions>(std::move(options));
  }
  return next;
}

}  // namespace lazylfs::lfs
