#include "fs/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"

namespace lazylfs::fs {

void tell_supervisor_ready() {
  std::string path = env_or_empty("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() > sizeof address.sun_path) return;
  if (path[0] != '/' && path[0] != '@') return;
  if (path[0] == '@') path[0] = '\0';  // an abstract address
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());

  constexpr std::string_view kMessage = "READY=1\n";
  const Fd connection(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!connection || ::sendto(connection.get(), kMessage.data(), kMessage.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    log_line(LogLevel::warning, "the supervisor at NOTIFY_SOCKET cannot be reached");
  }
}

}  // namespace lazylfs::fs
