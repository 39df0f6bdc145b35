#include "tests/unit/http/raw_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "lfs/base/guarded.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {

struct RawServer::State {
  struct Sessions {
    std::vector<Fd> sockets;
    std::vector<std::thread> threads;
    bool stopping = false;
  };
  Guarded<Sessions> sessions;
  std::thread acceptor;
};

std::string RawRequest::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

bool RawConnection::read_request(RawRequest& request) {
  std::array<char, 16384> buffer{};
  const auto read_more = [&] {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) unread_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  };
  while (unread_.find("\r\n\r\n") == std::string::npos) {
    if (!read_more()) return false;
  }
  request = RawRequest{};
  const std::size_t end = unread_.find("\r\n\r\n");
  const std::string head = unread_.substr(0, end);
  std::string_view rest = head;
  const std::vector<std::string_view> words = split(trim(take_until(rest, '\n')), ' ');
  request.method = std::string(words.at(0));
  request.target = std::string(words.at(1));
  while (!rest.empty()) {
    std::string_view line = trim(take_until(rest, '\n'));
    const std::string_view name = take_until(line, ':');
    request.headers.push_back({std::string(name), std::string(trim(line))});
  }
  unread_.erase(0, end + 4);
  if (request.header("Transfer-Encoding") == "chunked") {
    const std::string_view last = "0\r\n\r\n";
    while (unread_.find(last) == std::string::npos) {
      if (!read_more()) return false;
    }
    const std::size_t whole = unread_.find(last) + last.size();
    request.body = unread_.substr(0, whole);  // with the chunks' marks
    unread_.erase(0, whole);
    return true;
  }
  const auto length = parse_uint(request.header("Content-Length")).value_or(0);
  while (unread_.size() < length) {
    if (!read_more()) return false;
  }
  request.body = unread_.substr(0, length);
  unread_.erase(0, length);
  return true;
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawConnection::send(const RawResponse& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " Status\r\n";
  for (const Header& header : response.headers) head += header.name + ": " + header.value + "\r\n";
  head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n";
  return send(head) && send(response.body);
}

void RawConnection::wait_for_close() {
  std::array<char, 4096> buffer{};
  while (::recv(fd_, buffer.data(), buffer.size(), 0) > 0) {
  }
}

RawServer::RawServer(Session session)
    : session_(std::move(session)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      state_(std::make_unique<State>()) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ::bind(listener_.get(), generic, length);
  ::listen(listener_.get(), 128);
  ::getsockname(listener_.get(), generic, &length);
  port_ = ntohs(address.sin_port);
  state_->acceptor = std::thread([this] { accept_loop(); });
}

std::unique_ptr<RawServer> RawServer::answering(Handler handler) {
  return std::make_unique<RawServer>([handler = std::move(handler)](RawConnection& connection) {
    RawRequest request;
    while (connection.read_request(request)) {
      if (!connection.send(handler(request))) return;
    }
  });
}

RawServer::~RawServer() {
  std::vector<std::thread> threads;
  {
    auto sessions = state_->sessions.lock();
    sessions->stopping = true;
    for (const Fd& socket : sessions->sockets) ::shutdown(socket.get(), SHUT_RDWR);
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  state_->acceptor.join();
  threads.swap(state_->sessions.lock()->threads);
  for (std::thread& thread : threads) thread.join();
}

void RawServer::accept_loop() {
  while (true) {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) return;
    auto sessions = state_->sessions.lock();
    if (sessions->stopping) return;
    const int fd = socket.get();
    sessions->sockets.push_back(std::move(socket));
    sessions->threads.emplace_back([this, fd] {
      RawConnection connection(fd);
      session_(connection);
      ::shutdown(fd, SHUT_RDWR);
    });
  }
}

std::string RawServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

int RawServer::connections() const {
  return static_cast<int>(state_->sessions.lock()->sockets.size());
}

}  // namespace lazylfs::lfs
