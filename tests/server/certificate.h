// A certificate authority of the server's own, made anew at each start.
#pragma once

#include <string>

#include "tests/server/stream.h"

namespace lazylfs::server {

// A context that serves 127.0.0.1 and localhost. Writes the authority's certificate to `ca_path`.
Result<TlsContext> make_tls_context(const std::string& ca_path);

}  // namespace lazylfs::server
