// How the LFS servers that people use differ from the plain one, as traits that clients notice.
//
//              storage   signed  expiry       told       headers the action      download    API
//              elsewhere URLs    told         authent.   demands                 redirected
//              redirected
//  plain       no        no      –            no         –                       no          no
//  github      yes       yes     in + at      yes        up: x-amz-date          no          no
//  gitlab      no        yes     in           yes        both: Authorization     302, to     no
//                                                                                storage
//  gitea       no        no      –            no         both: the request's     no          no
//                                                        own Authorization
//  huggingface yes       yes     in           yes        –                       no          307
//  azure       yes       yes     at           no         up: x-ms-blob-type,     no          no
//                                                        down: x-ms-version
// All but plain also ask for `verify` after an upload.
#pragma once

#include <string_view>

namespace lazylfs::server {

struct HeaderTrait {
  std::string_view name, value;  // an empty name: none is demanded
};

struct Behaviour {
  std::string_view name;
  bool storage_elsewhere = false;
  bool signed_urls = false;
  bool expires_in = false;
  bool expires_at = false;
  bool authenticated = false;
  bool verify = true;
  bool echo_authorization = false;
  HeaderTrait upload_header{}, download_header{};
  int redirect_downloads = 0;  // status
  int redirect_api = 0;        // status
};

// Nullptr when there is none of that name.
const Behaviour* find_behaviour(std::string_view name);

// How long signed URLs are good for.
inline constexpr int kExpirySeconds = 900;

}  // namespace lazylfs::server
