// From the many ways to name a git repository to the address of its LFS server. A URL is first
// rewritten by insteadOf, then read as the first form that fits: a URL with a known scheme, a
// remote helper's (x::y), a local path, or ssh's short form (user@host:path).
#include "lfs/api/endpoint.h"

#include <algorithm>
#include <array>
#include <vector>

#include "lfs/base/files.h"
#include "lfs/base/oid.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kFetchHeadBytesMax = 16U << 20U;

std::string without_trailing_slashes(std::string text) {
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// The LFS server that goes with a clone URL when nothing else is configured.
std::string guess_from_clone_url(std::string url) {
  if (url.starts_with("file://")) return url;
  if (url.ends_with('/')) url.pop_back();
  return url + (url.ends_with(".git") ? "/info/lfs" : ".git/info/lfs");
}

bool is_ssh_scheme(std::string_view scheme) {
  return scheme == "ssh" || scheme == "git+ssh" || scheme == "ssh+git";
}

// "[git@host:2222]", "[::1]", "host:22" and "host" as a host and a port.
struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port;
};
std::optional<HostPort> parse_host_port(std::string_view text) {
  HostPort result;
  std::string_view rest = text;
  if (rest.starts_with('[')) {  // an IPv6 address
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    result.host = std::string(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
    if (rest.empty()) return result;
    if (!rest.starts_with(':')) return std::nullopt;
    rest.remove_prefix(1);
  } else {
    result.host = std::string(take_until(rest, ':'));
    if (result.host.empty()) return std::nullopt;
  }
  if (rest.empty()) return result;
  const auto port = parse_uint(rest);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  result.port = static_cast<std::uint16_t>(*port);
  return result;
}

// What ssh is told: it knows no brackets around addresses.
std::string for_ssh(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

std::string user_prefix(std::string_view user) {
  return user.empty() ? "" : std::string(user) + "@";
}

Result<Endpoint> ssh_endpoint(std::string_view user, const HostPort& host, std::string path,
                              const std::string& original) {
  if (host.host.empty() || path.empty() || path == "/") {
    return Error(Errc::invalid, "not a usable ssh address: " + redact_url(original));
  }
  Endpoint endpoint;
  endpoint.original_url = original;
  endpoint.url = "https://" + host.host + (path.starts_with('/') ? "" : "/") + path;
  endpoint.ssh = SshTarget{user_prefix(user) + for_ssh(host.host), std::move(path), host.port};
  return endpoint;
}

// ssh://user@host:port/path. An address "/~user/repo" is given to ssh without its slash.
Result<Endpoint> from_ssh_url(const std::string& text) {
  const auto url = Url::parse(text);
  if (!url) return Error(Errc::invalid, "not a usable ssh address: " + redact_url(text));
  std::string path = percent_decode(url->path);
  if (path.starts_with("/~")) path.erase(0, 1);
  // ssh may know the host by a name with capitals (an alias): as it was written.
  const std::size_t from = text.find("://") + 3;
  const std::size_t at = text.substr(0, text.find('/', from)).rfind('@');
  const std::string host = text.substr(at == std::string::npos ? from : at + 1, url->host.size());
  return ssh_endpoint(percent_decode(url->user), {host, url->port}, path, text);
}

// user@host:path, host:path, [user@host:port]:path, user@[::1]:path.
Result<Endpoint> from_short_ssh(const std::string& text) {
  const Error malformed(Errc::invalid, "not a usable address: " + redact_url(text));
  std::string_view rest = text;
  std::string user;
  HostPort host;
  const std::size_t bracket = rest.find('[');
  const std::size_t colon = rest.find(':');
  if (bracket != std::string_view::npos && (colon == std::string_view::npos || bracket < colon)) {
    if (bracket > 0 && rest[bracket - 1] != '@') return malformed;
    if (bracket > 0) user = std::string(rest.substr(0, bracket - 1));
    const std::size_t end = rest.find(']', bracket);
    if (end == std::string_view::npos || !rest.substr(end + 1).starts_with(':')) return malformed;
    std::string_view inside = rest.substr(bracket + 1, end - bracket - 1);
    rest.remove_prefix(end + 2);
    if (const std::size_t at = inside.find('@'); at != std::string_view::npos) {
      user = std::string(inside.substr(0, at));
      inside.remove_prefix(at + 1);
    }
    const bool address = std::count(inside.begin(), inside.end(), ':') > 1;
    const auto parsed =
        parse_host_port(address ? "[" + std::string(inside) + "]" : std::string(inside));
    if (!parsed) return malformed;
    host = *parsed;
  } else {
    if (colon == std::string_view::npos || colon == 0) return malformed;
    std::string_view name = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
    if (const std::size_t at = name.rfind('@'); at != std::string_view::npos) {
      user = std::string(name.substr(0, at));
      name.remove_prefix(at + 1);
    }
    host.host = std::string(name);
  }
  return ssh_endpoint(user, host, std::string(rest), text);
}

// A folder as git finds its repository: the folder's .git inside, when there is one.
Endpoint from_path(const std::string& text) {
  const std::string path = without_trailing_slashes(absolute_path(text));
  const bool has_git_folder = file_exists(path + "/.git");
  return {"file://" + path + (has_git_folder ? "/.git" : ""), text, std::nullopt};
}

bool is_local_path(const std::string& text) {
  if (text.starts_with('/')) return true;
  const std::size_t colon = text.find(':');
  const std::size_t slash = text.find('/');
  const bool could_be_ssh =
      colon != std::string::npos && (slash == std::string::npos || colon < slash);
  return (text.starts_with("./") || text.starts_with("../") || !could_be_ssh) && file_exists(text);
}

// `text` is already rewritten by insteadOf. The endpoint's url is what was named, unguessed.
Result<Endpoint> read_address(const Config& config, const std::string& text) {
  if (text.empty()) return Error(Errc::not_found, "an empty address");
  const std::size_t mark = text.find("://");
  const std::size_t helper = text.find("::");
  const std::string scheme = mark == std::string::npos ? "" : to_lower(text.substr(0, mark));
  if (scheme == "http" || scheme == "https") {
    const auto url = Url::parse(text);
    if (!url || url->host.empty()) {
      return Error(Errc::invalid, "malformed address: " + redact_url(text));
    }
    return Endpoint{without_trailing_slashes(text), text, std::nullopt};
  }
  if (is_ssh_scheme(scheme)) return from_ssh_url(text);
  if (scheme == "git") {
    const std::string protocol = config.get("lfs.gitprotocol").value_or("https");
    return Endpoint{without_trailing_slashes(protocol + text.substr(mark)), text, std::nullopt};
  }
  if (scheme == "file") {
    return Endpoint{without_trailing_slashes(text), text, std::nullopt};
  }
  const bool remote_helper =
      helper != std::string::npos && helper > 0 && text.find_first_of("/@[") > helper;
  if (remote_helper) return Endpoint{without_trailing_slashes(text), text, std::nullopt};
  if (mark == std::string::npos && is_local_path(text)) return from_path(text);
  return from_short_ssh(text);
}

enum class Kind { lfs_url, clone_url };

Result<Endpoint> endpoint_of(const Config& config, const std::string& address, Kind kind,
                             Operation operation) {
  const bool push = operation == Operation::upload;
  Endpoint endpoint = TRY(read_address(config, config.rewrite_url(address, push)));
  endpoint.original_url = address;
  const bool ssh = endpoint.ssh.has_value();
  if (kind == Kind::clone_url || ssh) endpoint.url = guess_from_clone_url(endpoint.url);
  return endpoint;
}

struct Candidate {
  std::string address;
  Kind kind;
};

// The first that is set, in git-lfs's order of precedence.
std::optional<Candidate> configured_for(const Config& config, const std::string& remote,
                                        Operation operation) {
  const bool push = operation == Operation::upload;
  const std::string section = "remote." + remote + ".";
  if (push) {
    if (auto url = config.get("lfs.pushurl")) return Candidate{*url, Kind::lfs_url};
  }
  if (auto url = config.get("lfs.url")) return Candidate{*url, Kind::lfs_url};
  if (push) {
    if (auto url = config.get(section + "lfspushurl")) return Candidate{*url, Kind::lfs_url};
  }
  if (auto url = config.get(section + "lfsurl")) return Candidate{*url, Kind::lfs_url};
  if (push) {
    if (auto url = config.get(section + "pushurl")) return Candidate{*url, Kind::clone_url};
  }
  // git fetches from the first of several URLs.
  const std::vector<std::string> urls = config.get_all(section + "url");
  if (!urls.empty()) return Candidate{urls.front(), Kind::clone_url};
  return std::nullopt;
}

bool is_fetch_head_mark(std::string_view text) {
  return (text.size() == 40 || text.size() == Oid::kHexLength) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "<commit>\t[not-for-merge]\tbranch 'main' of <url>": where git last fetched from.
std::optional<std::string> address_in_fetch_head(const std::string& common_folder) {
  if (common_folder.empty()) return std::nullopt;
  const Result<std::string> text = read_file(common_folder + "/FETCH_HEAD", kFetchHeadBytesMax);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  const std::vector<std::string_view> fields = split(take_until(rest, '\n'), '\t');
  if (fields.size() != 3 || !is_fetch_head_mark(fields[0])) return std::nullopt;
  const std::size_t of = fields[2].rfind("' of ");
  if (of == std::string_view::npos) return std::nullopt;
  return std::string(fields[2].substr(of + 5));
}

bool looks_like_address(const std::string& remote) {
  return remote.find("://") != std::string::npos || remote.find(':') != std::string::npos ||
         remote.starts_with('/') || remote.starts_with("./") || remote.starts_with("../") ||
         remote == "." || (remote.find('/') != std::string::npos && is_folder(remote));
}

}  // namespace

Result<Endpoint> find_endpoint(const Config& config, std::string_view remote, Operation operation,
                               const std::string& common_folder) {
  const std::string name(remote.empty() ? "origin" : remote);
  auto candidate = configured_for(config, name, operation);
  if (!candidate && looks_like_address(name)) candidate = Candidate{name, Kind::clone_url};
  if (!candidate && name != "origin") candidate = configured_for(config, "origin", operation);
  if (!candidate) {
    if (auto address = address_in_fetch_head(common_folder)) {
      candidate = Candidate{*address, Kind::clone_url};
    }
  }
  if (candidate) return endpoint_of(config, candidate->address, candidate->kind, operation);
  return Error(Errc::not_found, "no LFS server is known for remote \"" + name +
                                    "\": set lfs.url, or give the remote a URL");
}

std::vector<std::string> remote_names(const Config& config) {
  std::vector<std::string> names;
  for (const ConfigEntry& entry : config.entries()) {
    if (!entry.key.starts_with("remote.") || !entry.key.ends_with(".url")) continue;
    constexpr std::size_t kAround = 11;  // "remote." and ".url"
    if (entry.key.size() <= kAround) continue;
    std::string name = entry.key.substr(7, entry.key.size() - kAround);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string default_remote(const Config& config, std::string_view current_branch) {
  constexpr std::string_view kHeads = "refs/heads/";
  if (current_branch.starts_with(kHeads)) current_branch.remove_prefix(kHeads.size());
  if (!current_branch.empty()) {
    const auto branch = config.get("branch." + std::string(current_branch) + ".remote");
    if (branch && !branch->empty()) return *branch;
  }
  const auto configured = config.get("remote.lfsdefault");
  if (configured && !configured->empty()) return *configured;
  const std::vector<std::string> names = remote_names(config);
  return names.size() == 1 ? names.front() : "origin";
}

}  // namespace lazylfs::lfs
