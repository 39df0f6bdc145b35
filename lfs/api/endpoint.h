// Where the LFS server of a remote is (git-lfs's discovery rules).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

enum class Operation { download, upload };

struct SshTarget {
  std::string user_and_host;  // "git@host"
  std::string path;
  std::optional<std::uint16_t> port;
};

// Value. For an SSH remote `url` is the guessed https URL and `ssh` says whom to ask.
struct Endpoint {
  std::string url;           // http(s)://…, or file://…; no trailing slash
  std::string original_url;  // as configured, before any guess
  std::optional<SshTarget> ssh;

  bool is_file() const { return url.starts_with("file://"); }
};

// `remote` is a remote's name, a URL or a path. `common_folder` (may be empty) is where FETCH_HEAD
// lies. Errc::not_found with advice when nothing names a server.
Result<Endpoint> find_endpoint(const Config& config, std::string_view remote, Operation operation,
                               const std::string& common_folder);

// The remote that commands use by default: branch.<current>.remote, remote.lfsdefault, the only
// remote, or "origin". `current_branch` may be short or full ("refs/heads/main").
std::string default_remote(const Config& config, std::string_view current_branch);

// The names of the remotes that have a URL, in the order of the configuration.
std::vector<std::string> remote_names(const Config& config);

}  // namespace lazylfs::lfs
