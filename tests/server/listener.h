// Accepts connections, each served by a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "lfs/base/fd.h"
#include "tests/server/stream.h"

namespace lazylfs::server {

struct Listener {
  Fd socket;
  std::uint16_t port = 0;

  // On 127.0.0.1.
  static Result<Listener> open(std::uint16_t port);
};

// Accepts for ever. `serve` runs on detached threads: the server ends by ending its process.
void accept_connections(const Listener& listener, SSL_CTX* tls,
                        const std::function<void(Stream&)>& serve);

}  // namespace lazylfs::server
