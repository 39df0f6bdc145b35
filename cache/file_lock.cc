#include "cache/file_lock.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace lazylfs::cache {
namespace {

struct flock description(int type, const LockRange& range) {
  struct flock lock {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(range.first);
  lock.l_len = static_cast<off_t>(range.count);
  return lock;
}

int type_of(LockKind kind) { return kind == LockKind::shared ? F_RDLCK : F_WRLCK; }

}  // namespace

bool try_lock(int fd, LockKind kind, const LockRange& range) {
  struct flock lock = description(type_of(kind), range);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

Result<void> wait_for_lock(int fd, LockKind kind, const LockRange& range) {
  struct flock lock = description(type_of(kind), range);
  while (::fcntl(fd, F_OFD_SETLKW, &lock) != 0) {
    if (errno != EINTR) return Error::from_errno("lock", errno);
  }
  return {};
}

void unlock(int fd, const LockRange& range) {
  struct flock lock = description(F_UNLCK, range);
  (void)::fcntl(fd, F_OFD_SETLK, &lock);
}

std::uint64_t first_conflict(int fd, const LockRange& range) {
  // F_OFD_GETLK names any one conflict; look before it until there is none.
  std::uint64_t end = range.first + range.count;
  while (end > range.first) {
    struct flock lock = description(F_WRLCK, {range.first, end - range.first});
    if (::fcntl(fd, F_OFD_GETLK, &lock) != 0) return range.first;
    if (lock.l_type == F_UNLCK) return end;
    end = std::max(range.first, static_cast<std::uint64_t>(lock.l_start));
  }
  return end;
}

}  // namespace lazylfs::cache
