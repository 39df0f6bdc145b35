// Downloads with ranges, and uploads.
#pragma once

#include "tests/server/faults.h"
#include "tests/server/links.h"
#include "tests/server/object_store.h"
#include "tests/server/statistics.h"

namespace lazylfs::server {

// Thread-safe. Borrows what it is made of.
class Storage {
 public:
  Storage(const Links& links, ObjectStore& store, Statistics& statistics)
      : links_(links), store_(store), statistics_(statistics) {}

  Response download(const HttpRequest& request, const Route& route, const FaultAction& fault);
  Response upload(const HttpRequest& request, const Route& route, RequestBody& body,
                  const FaultAction& fault);

 private:
  // HEAD and PATCH of tus.io: where the upload stands, and its next part.
  Response resume(const HttpRequest& request, const Route& route, RequestBody& body,
                  const FaultAction& fault);
  const Links& links_;
  ObjectStore& store_;
  Statistics& statistics_;
};

}  // namespace lazylfs::server
