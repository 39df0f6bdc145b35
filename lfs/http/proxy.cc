#include "lfs/http/proxy.h"

#include <initializer_list>

#include "lfs/base/files.h"

namespace lazylfs::lfs {
namespace {

std::string first_set(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string value = env_or_empty(name);
    if (!value.empty()) return value;
  }
  return {};
}

}  // namespace

ProxyChoice choose_proxy(const HttpOptions& options, std::string_view url) {
  if (options.proxy == "none") return {};
  ProxyChoice choice;
  choice.url = options.proxy;
  if (choice.url.empty() && url.starts_with("https:")) {
    choice.url = first_set({"HTTPS_PROXY", "https_proxy"});
  }
  if (choice.url.empty()) choice.url = first_set({"HTTP_PROXY", "http_proxy"});
  choice.exceptions =
      options.no_proxy.empty() ? first_set({"NO_PROXY", "no_proxy"}) : options.no_proxy;
  return choice;
}

}  // namespace lazylfs::lfs
