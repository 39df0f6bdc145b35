#include "fs/source_adapter.h"

#include <fcntl.h>

namespace lazylfs::fs {

Fd DownloaderSource::open_local(const ObjectId& id) {
  const std::optional<std::string> path = local_.find(id);
  if (!path) return {};
  return open_file(*path, O_RDONLY).value_or(Fd());
}

}  // namespace lazylfs::fs
