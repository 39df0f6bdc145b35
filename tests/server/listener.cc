#include "tests/server/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace lazylfs::server {

Result<Listener> Listener::open(std::uint16_t port) {
  Listener listener;
  listener.socket = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.socket) return Error::from_errno("socket", errno);
  const int yes = 1;
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  // The casts are what the sockets interface asks for.
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.socket.get(), generic, length) != 0 ||
      ::listen(listener.socket.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener.socket.get(), generic, &length) != 0) {
    return Error::from_errno("listen on port " + std::to_string(port), errno);
  }
  listener.port = ntohs(address.sin_port);
  return listener;
}

void accept_connections(const Listener& listener, SSL_CTX* tls,
                        const std::function<void(Stream&)>& serve) {
  while (true) {
    Fd socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    const int yes = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    std::thread([socket = std::move(socket), tls, &serve]() mutable {
      if (tls == nullptr) {
        serve(*make_plain_stream(std::move(socket)));
      } else if (auto stream = make_tls_stream(std::move(socket), tls)) {
        serve(**stream);
      }
    }).detach();
  }
}

}  // namespace lazylfs::server
