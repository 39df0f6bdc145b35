// Serves HTTP/1.1 on one connection: keep-alive, request bodies, and responses that arrive whole,
// slowly, broken or not at all, as their Delivery says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "tests/server/http_message.h"
#include "tests/server/stream.h"

namespace lazylfs::server {

// What became of a response, for the statistics.
struct Delivered {
  int status = 0;
  std::uint64_t body_bytes = 0;
};

// Answers requests. Implementations are thread-safe: every connection has its thread.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  virtual Response handle(const HttpRequest& request, RequestBody& body) = 0;
  // After the response was sent, or failed to be.
  virtual void delivered(const HttpRequest& request, const Delivered& outcome) = 0;
};

// Returns when the connection has ended. `port` is the listener's.
void serve_connection(Stream& stream, std::uint16_t port, Handler& handler,
                      const std::atomic<std::uint64_t>& bytes_per_second);

}  // namespace lazylfs::server
