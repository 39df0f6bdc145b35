#include "fs/socket_path.h"

#include <fcntl.h>

#include <cstring>

#include "lfs/base/files.h"

namespace lazylfs::fs {

Result<SocketAddress> SocketAddress::of(const std::string& path) {
  SocketAddress result;
  std::string name = path;
  if (name.size() >= sizeof result.address_.sun_path) {
    result.folder_ = TRY(open_file(parent_path(path), O_PATH | O_DIRECTORY));
    name = "/proc/self/fd/" + std::to_string(result.folder_.get()) + "/" + base_name(path);
  }
  if (path.empty() || name.size() >= sizeof result.address_.sun_path) {
    return Error(Errc::not_found, "no socket at '" + path + "'");
  }
  result.address_.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(result.address_.sun_path), name.c_str(), name.size() + 1);
  return result;
}

}  // namespace lazylfs::fs
