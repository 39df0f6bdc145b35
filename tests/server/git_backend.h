// Git over HTTP by `git http-backend`, so that one URL serves a repository and its objects.
#pragma once

#include <mutex>
#include <string>

#include "tests/server/http_message.h"
#include "tests/server/route.h"

namespace lazylfs::server {

// Thread-safe.
class GitBackend {
 public:
  explicit GitBackend(std::string root) : root_(std::move(root)) {}

  // A push to a repository that does not exist creates it.
  Response handle(const HttpRequest& request, const Route& route, RequestBody& body);
  // A bare repository that serves filtered clones and takes pushes. Fine when it exists.
  Result<void> create(const std::string& name);

 private:
  std::string root_;
  std::mutex creation_;
};

}  // namespace lazylfs::server
