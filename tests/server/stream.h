// The bytes of one connection: plain or TLS, paced, and able to end as broken connections end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <openssl/ssl.h>

#include "lfs/base/fd.h"
#include "lfs/base/handle.h"
#include "lfs/base/result.h"

namespace lazylfs::server {

using TlsContext = Handle<SSL_CTX, SSL_CTX_free>;
using TlsSession = Handle<SSL, SSL_free>;

// Thread-compatible: one thread serves one connection.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Zero bytes: the peer closed.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
  // `more`: other bytes follow at once, so they may share a packet.
  virtual Result<void> write(std::span<const std::byte> data, bool more) = 0;
  // Sends bytes of a file without a copy where the transport allows it.
  virtual Result<void> send_file(int fd, std::uint64_t offset, std::uint64_t length) = 0;
  // Ends the connection with a TCP reset instead of an orderly close.
  virtual void reset() = 0;
  // True once the peer has closed or reset the connection. Does not block.
  virtual bool peer_gone() = 0;

  Result<void> write(std::string_view text, bool more) { return write(as_bytes(text), more); }
};

std::unique_ptr<Stream> make_plain_stream(Fd socket);
// Errc::io when the handshake fails.
Result<std::unique_ptr<Stream>> make_tls_stream(Fd socket, SSL_CTX* context);

// Spreads bytes over time so that a connection sends `bytes_per_second` on average. The rate may
// change while a body is being sent. Thread-compatible.
class Pacer {
 public:
  explicit Pacer(const std::atomic<std::uint64_t>& bytes_per_second) : rate_(bytes_per_second) {}

  // How many bytes to send at once, at most.
  std::uint64_t piece_bytes() const;
  // Waits until the next piece may go, given that `bytes` are about to be sent.
  void wait_for(std::uint64_t bytes);

 private:
  const std::atomic<std::uint64_t>& rate_;  // 0: unlimited
  std::chrono::steady_clock::time_point due_{};
};

}  // namespace lazylfs::server
