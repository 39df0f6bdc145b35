// Unix sockets at paths of any length.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "lfs/base/fd.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

// The kernel takes 107 characters. A longer path is named through a descriptor of its folder,
// which lives as long as this object. Move-only value.
class SocketAddress {
 public:
  static Result<SocketAddress> of(const std::string& path);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }

 private:
  Fd folder_;
  sockaddr_un address_{};
};

}  // namespace lazylfs::fs
