// What the server was told on its command line; --help prints the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lfs/base/result.h"

namespace lazylfs::server {

struct SyntheticObject {
  std::uint64_t size = 0, seed = 0;
};

struct Options {
  std::uint16_t port = 0;          // 0: any free one
  std::uint16_t storage_port = 0;  // of the second listener, another origin
  std::string root;                // repositories, objects and the CA
  std::string port_file;           // receives the URL
  std::vector<std::string> users;  // "name:password"; none: everybody may do everything
  std::string auth_areas = "api,git";
  bool tls = false;
  std::string behave = "plain";
  bool die_with_parent = false;
  std::uint64_t latency_ms = 0;
  std::uint64_t rate_bytes_per_s = 0;
  std::vector<SyntheticObject> synthetic;
};

Result<Options> parse_options(const std::vector<std::string>& arguments);
std::string usage();

}  // namespace lazylfs::server
