#include "fs/control.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fs/socket_path.h"

namespace lazylfs::fs {
namespace {

constexpr std::size_t kRequestBytesMax = 64U << 10U;
constexpr int kQueue = 16;
constexpr timeval kPatience{.tv_sec = 2, .tv_usec = 0};

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::string& path,
                                                            Handler handler) {
  const SocketAddress address = TRY(SocketAddress::of(path));
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener) return Error::from_errno("socket", errno);
  (void)::unlink(path.c_str());  // of a dead daemon
  // The folder is private to the user, so the moment before chmod gives nothing away.
  if (::bind(listener.get(), address.get(), address.size()) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listener.get(), kQueue) != 0) {
    return Error::from_errno("control socket " + path, errno);
  }
  Pipe stop = TRY(make_pipe());
  return std::unique_ptr<ControlServer>(
      new ControlServer(std::move(listener), std::move(stop), std::move(handler)));
}

ControlServer::ControlServer(Fd listener, Pipe stop, Handler handler)
    : listener_(std::move(listener)),
      stop_(std::move(stop)),
      handler_(std::move(handler)),
      thread_([this] { run(); }) {}

ControlServer::~ControlServer() { stop_.write_end.reset(); }

void ControlServer::run() {
  for (;;) {
    std::array<pollfd, 2> waits = {pollfd{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = stop_.read_end.get(), .events = 0, .revents = 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    if (waits[0].revents == 0) continue;
    const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) answer(connection.get());
  }
}

void ControlServer::answer(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != 0 && peer.uid != ::geteuid()) return;
  (void)::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  (void)::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const Result<std::string> text = read_to_end(connection, kRequestBytesMax);
  if (!text) return;
  const Result<Json> request = parse_json(*text);
  const Json reply = request.has_value() && request->is_object()
                         ? handler_(*request)
                         : Json{{"error", "the request is no JSON object"}};
  (void)write_all(connection, dump_json(reply) + "\n").has_value();
}

}  // namespace lazylfs::fs
