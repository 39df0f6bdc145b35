#include "lfs/http/http_options.h"

#include <array>
#include <filesystem>

#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kCertificateBytesMax = 4U << 20U;

struct TextKey {
  std::string_view name;
  std::string HttpOptions::*member;
  bool is_path;
};
constexpr std::array<TextKey, 7> kTextKeys = {{
    {"sslcainfo", &HttpOptions::ca_file, true},
    {"sslcapath", &HttpOptions::ca_folder, true},
    {"sslcert", &HttpOptions::client_cert, true},
    {"sslkey", &HttpOptions::client_key, true},
    {"proxy", &HttpOptions::proxy, false},
    {"version", &HttpOptions::http_version, false},
    {"cookiefile", &HttpOptions::cookie_file, true},
}};

bool is_false(std::string_view text) {
  const std::string lower = to_lower(trim(text));
  return lower == "false" || lower == "no" || lower == "off" || lower == "0";
}

std::string expand_home(const std::string& path) {
  return path == "~" || path.starts_with("~/") ? home_folder() + path.substr(1) : path;
}

// Every certificate file of the folder: libcurl itself would want one with hashed names.
std::string read_certificates(const std::string& folder) {
  std::string pem;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const Result<std::string> text = read_file(entry.path().string(), kCertificateBytesMax);
    if (!text || text->find("-----BEGIN CERTIFICATE") == std::string::npos) continue;
    if (pem.size() + text->size() > kCertificateBytesMax) break;
    pem += *text + "\n";
  }
  return pem;
}

// Where trusted roots come from; the first that is set counts alone.
void set_roots(HttpOptions& options) {
  const std::string file = env_or_empty("GIT_SSL_CAINFO");
  const std::string folder = env_or_empty("GIT_SSL_CAPATH");
  if (!file.empty()) options.ca_file = file;
  if (!options.ca_file.empty()) {
    options.ca_folder.clear();
    return;
  }
  if (!folder.empty()) options.ca_folder = folder;
  if (!options.ca_folder.empty()) options.ca_pem = read_certificates(options.ca_folder);
}

// Seconds, or `fallback` when unset, junk or below one.
std::int64_t seconds(const std::optional<std::string>& value, std::int64_t fallback) {
  const auto number = value ? parse_int(trim(*value)) : std::nullopt;
  return number && *number >= 1 && *number < 1000000 ? *number : fallback;
}

void set_timeouts(HttpOptions& options, const Config& config, const Url& url) {
  const std::int64_t dial = seconds(config.get("lfs.dialtimeout"), 30);
  const std::int64_t tls = url.scheme == "https" ? seconds(config.get("lfs.tlstimeout"), 30) : 0;
  const bool both = config.get("lfs.dialtimeout") || config.get("lfs.tlstimeout");
  options.connect_timeout = std::chrono::seconds(both ? dial + tls : 30);
  options.keep_alive = std::chrono::seconds(seconds(config.get("lfs.keepalive"), 1800));
  const auto activity = config.get_for_url("lfs", url, "activitytimeout");
  if (!activity) return;
  // Below one, or no number, means "no limit"; a day is as good and needs no special case.
  options.stall_timeout = std::chrono::seconds(seconds(activity, 86400));
}

// Nothing, junk and zero mean no limit.
std::uint64_t bandwidth_max(const Config& config) {
  const auto value = config.get("lfs.transfer.maxbandwidth");
  return value ? parse_size(*value).value_or(0) : 0;
}

void set_extra_headers(HttpOptions& options, const Config& config, const Url& url) {
  for (const std::string& line : config.get_all_for_url("http", url, "extraheader")) {
    if (line.empty()) {  // git's way to forget what was set before
      options.extra_headers.clear();
      continue;
    }
    std::string_view rest = line;
    const std::string_view name = trim(take_until(rest, ':'));
    if (!name.empty())
      options.extra_headers.push_back({std::string(name), std::string(trim(rest))});
  }
}

}  // namespace

std::shared_ptr<const HttpOptions> http_options_for(const Config& config, const Url& url) {
  auto options = std::make_shared<HttpOptions>();
  for (const TextKey& key : kTextKeys) {
    const auto value = config.get_for_url("http", url, key.name);
    if (value) (*options).*key.member = key.is_path ? expand_home(*value) : *value;
  }
  // http.proxy set to nothing switches off a proxy of the environment.
  if (const auto proxy = config.get_for_url("http", url, "proxy"); proxy && proxy->empty()) {
    options->proxy = "none";
  }
  const auto verify = config.get_for_url("http", url, "sslverify");
  options->verify_tls =
      !(verify && is_false(*verify)) && !is_true(trim(env_or_empty("GIT_SSL_NO_VERIFY")));
  set_roots(*options);
  set_timeouts(*options, config, url);
  options->bytes_per_second_max = bandwidth_max(config);
  set_extra_headers(*options, config, url);
  return options;
}

}  // namespace lazylfs::lfs
