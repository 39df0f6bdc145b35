// A loopback HTTP server in the test's hands: every byte of every answer is the test's choice.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

struct RawRequest {
  std::string method, target;
  std::vector<Header> headers;
  std::string body;

  std::string header(std::string_view name) const;
};

struct RawResponse {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
};

// One accepted connection; used by the handler on the connection's own thread.
class RawConnection {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}
  // False when the peer is gone.
  bool read_request(RawRequest& request);
  bool send(std::string_view bytes);
  bool send(const RawResponse& response);
  // Blocks until the peer closes or the server ends.
  void wait_for_close();

 private:
  int fd_;
  std::string unread_;
};

// Thread-safe. The destructor breaks all connections and joins their threads, so handlers must
// block on nothing but the connection (or on what the test releases before).
class RawServer {
 public:
  using Session = std::function<void(RawConnection&)>;
  using Handler = std::function<RawResponse(const RawRequest&)>;

  explicit RawServer(Session session);
  // Keep-alive HTTP/1.1, one call for each request.
  static std::unique_ptr<RawServer> answering(Handler handler);
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer();

  std::string url(std::string_view path = "") const;
  std::uint16_t port() const { return port_; }
  int connections() const;  // accepted so far

 private:
  struct State;
  void accept_loop();

  Session session_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace lazylfs::lfs
