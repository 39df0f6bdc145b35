// The URLs and headers of actions: which origin, signed or not, until when.
#pragma once

#include <string>

#include "tests/server/behaviour.h"
#include "tests/server/http_message.h"

namespace lazylfs::server {

struct Origins {
  std::string api, storage;  // "http://127.0.0.1:1234"
  std::uint16_t api_port = 0, storage_port = 0;
};

// Immutable once the server listens. Thread-safe.
class Links {
 public:
  Links(const Behaviour& behaviour, Origins origins);

  const Behaviour& behaviour() const { return behaviour_; }
  const Origins& origins() const { return origins_; }

  // {"href": …, "header": …, "expires_in": …}. `authorization`: of the batch request.
  // `expired`: "", "told" or "silent", as FaultAction::expired_action.
  Json action(std::string_view operation, const std::string& repository, const std::string& oid,
              std::uint64_t size, std::string_view authorization, std::string_view expired) const;
  // A signed URL on the storage origin.
  std::string signed_storage_url(const std::string& oid) const;
  // What is wrong with a request for an object: a status, or 0.
  int check(const HttpRequest& request, const std::string& oid) const;
  bool on_storage(const HttpRequest& request) const {
    return request.port == origins_.storage_port;
  }

 private:
  std::string sign(const std::string& oid, std::string_view expires) const;
  std::string signed_query(const std::string& oid, std::int64_t expires) const;

  const Behaviour& behaviour_;
  Origins origins_;
  std::string key_;
};

}  // namespace lazylfs::server
