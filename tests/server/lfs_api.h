// The batch and verify calls of the LFS API.
#pragma once

#include "tests/server/faults.h"
#include "tests/server/links.h"
#include "tests/server/object_store.h"
#include "tests/server/statistics.h"

namespace lazylfs::server {

// Thread-safe. Borrows what it is made of.
class LfsApi {
 public:
  LfsApi(const Links& links, ObjectStore& store, Statistics& statistics)
      : links_(links), store_(store), statistics_(statistics) {}

  Response batch(const HttpRequest& request, const Route& route, RequestBody& body,
                 const FaultAction& fault);
  Response verify(RequestBody& body);

 private:
  Json answer_for(const Json& object, std::string_view operation, const HttpRequest& request,
                  const Route& route, const FaultAction& fault);

  const Links& links_;
  ObjectStore& store_;
  Statistics& statistics_;
};

// Spoils a batch reply: "huge", "malformed", "deep", "not-json", "wrong-hash-algo",
// "missing-objects", "unknown-oid", "no-actions" or "error-object:<code>".
Response spoil_batch_reply(Json reply, std::string_view how);

}  // namespace lazylfs::server
