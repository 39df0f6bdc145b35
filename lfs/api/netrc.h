// ~/.netrc: machines, logins and passwords.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lazylfs::lfs {

struct NetrcLogin {
  std::string login, password;
};

// The first entry for `host` (without port), else the "default" entry. Macros are skipped.
std::optional<NetrcLogin> find_netrc_login(std::string_view text, std::string_view host);

// The same, in $HOME/.netrc.
std::optional<NetrcLogin> find_netrc_login(std::string_view host);

}  // namespace lazylfs::lfs
