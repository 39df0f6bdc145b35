// What a request asks for, told from its path.
#pragma once

#include <string>
#include <string_view>

#include "tests/server/http_message.h"

namespace lazylfs::server {

enum class Kind { admin, batch, download, upload, verify, locks, git, other, count_ };
std::string_view kind_name(Kind kind);

struct Route {
  Kind kind = Kind::other;
  std::string repository;  // "org/name", without ".git"
  std::string rest;  // git: the path below the repository; locks: below "/locks"; admin: the verb
  std::string oid;   // download and upload
};

// A leading "/moved" (where the server's own redirects lead) is ignored. Objects are found under
// any path that ends in "objects/<oid>" or "objects/<oid>/<size>".
Route route_of(const HttpRequest& request);

}  // namespace lazylfs::server
