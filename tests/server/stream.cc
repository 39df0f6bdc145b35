#include "tests/server/stream.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <thread>

#include <openssl/err.h>

namespace lazylfs::server {
namespace {

constexpr std::size_t kTlsPieceBytes = 64U << 10U;
constexpr std::uint64_t kPieceBytesMax = 512U << 10U;
constexpr std::uint64_t kPieceBytesMin = 16U << 10U;

void reset_on_close(const Fd& socket) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool closed_by_peer(const Fd& socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Fd socket) : socket_(std::move(socket)) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    while (true) {
      const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return Error::from_errno("receive", errno);
    }
  }

  Result<void> write(std::span<const std::byte> data, bool more) override {
    while (!data.empty()) {
      const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
      const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), flags);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return Error::from_errno("send", errno);
      data = data.subspan(static_cast<std::size_t>(sent));
    }
    return {};
  }

  Result<void> send_file(int fd, std::uint64_t offset, std::uint64_t length) override {
    auto position = static_cast<off_t>(offset);
    while (length > 0) {
      const ssize_t sent = ::sendfile(socket_.get(), fd, &position, length);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return Error::from_errno("sendfile", errno);
      if (sent == 0) return Error(Errc::io, "the object's file is shorter than its size");
      length -= static_cast<std::uint64_t>(sent);
    }
    return {};
  }

  void reset() override {
    reset_on_close(socket_);
    socket_.reset();
  }

  bool peer_gone() override { return closed_by_peer(socket_); }

 private:
  Fd socket_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(Fd socket, TlsSession session)
      : socket_(std::move(socket)), session_(std::move(session)) {}
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override {
    if (socket_) SSL_shutdown(session_.get());
  }

  Result<std::size_t> read(std::span<std::byte> into) override {
    ERR_clear_error();
    std::size_t got = 0;
    if (SSL_read_ex(session_.get(), into.data(), into.size(), &got) == 1) return got;
    const int reason = SSL_get_error(session_.get(), 0);
    if (reason == SSL_ERROR_ZERO_RETURN || reason == SSL_ERROR_SYSCALL) return std::size_t{0};
    return Error(Errc::io, "TLS read failed");
  }

  Result<void> write(std::span<const std::byte> data, bool /*more*/) override {
    while (!data.empty()) {
      ERR_clear_error();
      std::size_t sent = 0;
      if (SSL_write_ex(session_.get(), data.data(), data.size(), &sent) != 1) {
        return Error(Errc::io, "TLS write failed");
      }
      data = data.subspan(sent);
    }
    return {};
  }

  Result<void> send_file(int fd, std::uint64_t offset, std::uint64_t length) override {
    std::array<std::byte, kTlsPieceBytes> buffer;  // NOLINT: filled below
    while (length > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, buffer.size()));
      const std::size_t got = TRY(pread_full(fd, std::span(buffer).first(wanted), offset));
      if (got == 0) return Error(Errc::io, "the object's file is shorter than its size");
      TRY(write(std::span<const std::byte>(buffer).first(got), true));
      offset += got;
      length -= got;
    }
    return {};
  }

  void reset() override {
    reset_on_close(socket_);
    socket_.reset();
  }

  bool peer_gone() override { return closed_by_peer(socket_); }

 private:
  Fd socket_;
  TlsSession session_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(Fd socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

Result<std::unique_ptr<Stream>> make_tls_stream(Fd socket, SSL_CTX* context) {
  TlsSession session(SSL_new(context));
  if (!session || SSL_set_fd(session.get(), socket.get()) != 1) {
    return Error(Errc::io, "TLS session");
  }
  if (SSL_accept(session.get()) != 1) return Error(Errc::io, "TLS handshake failed");
  return std::unique_ptr<Stream>(
      std::make_unique<TlsStream>(std::move(socket), std::move(session)));
}

std::uint64_t Pacer::piece_bytes() const {
  const std::uint64_t rate = rate_.load(std::memory_order_relaxed);
  if (rate == 0) return kPieceBytesMax;
  return std::clamp(rate / 200, std::min(kPieceBytesMin, rate / 4 + 1), kPieceBytesMax);
}

void Pacer::wait_for(std::uint64_t bytes) {
  using std::chrono::nanoseconds;
  const std::uint64_t rate = rate_.load(std::memory_order_relaxed);
  if (rate == 0) return;
  // A connection that was idle may catch up a little, so that late wake-ups average out.
  constexpr auto kCatchUpMax = std::chrono::milliseconds(10);
  const auto now = std::chrono::steady_clock::now();
  due_ = std::max(due_, now - kCatchUpMax);
  due_ += nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(rate)));
  std::this_thread::sleep_until(due_);
}

}  // namespace lazylfs::server
