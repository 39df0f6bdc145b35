// Which proxy leads to a URL, by configuration and environment.
#pragma once

#include <string>
#include <string_view>

#include "lfs/http/engine.h"

namespace lazylfs::lfs {

struct ProxyChoice {
  std::string url;         // empty: go there directly
  std::string exceptions;  // NO_PROXY, in libcurl's form
};

// options.proxy beats the environment: HTTPS_PROXY for https, falling back to HTTP_PROXY, each in
// either case. Hosts in options.no_proxy, else in NO_PROXY, are reached directly.
ProxyChoice choose_proxy(const HttpOptions& options, std::string_view url);

}  // namespace lazylfs::lfs
