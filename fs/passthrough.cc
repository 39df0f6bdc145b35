// Passthrough for every libfuse that has fuse_session_custom_io (3.13 and newer).
//
// libfuse gained an interface of its own for passthrough in 3.17; distributions ship older ones for
// years. But all that passthrough needs of the protocol is two completed replies: INIT must accept
// the kernel's offer, and OPEN must name a backing id. Both replies pass through the connection's
// writev, which libfuse lets its user replace. libfuse answers a request on the thread that asks it
// to, so a thread-local variable carries the backing id from the caller to the reply, and marks the
// INIT request from its read to its answer. Newer versions of libfuse send the same bytes, hence
// the same hook works for them.
#include "fs/passthrough.h"

#include <linux/fuse.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

// Names of our own: kernel headers before 6.9 lack these.
constexpr std::uint32_t kInitExt = 1U << 30U;               // FUSE_INIT_EXT, in flags
constexpr std::uint32_t kPassthroughFlag2 = 1U << 5U;       // FUSE_PASSTHROUGH, in flags2
constexpr std::uint32_t kOpenPassthrough = 1U << 7U;        // FOPEN_PASSTHROUGH
constexpr std::uint32_t kOpenDirectOrKeep = 1U | 1U << 1U;  // FOPEN_DIRECT_IO, FOPEN_KEEP_CACHE
// One file system may lie between: with more, no overlay could be mounted above ours.
constexpr std::uint32_t kStackDepth = 1;

struct BackingMap {
  std::int32_t fd;
  std::uint32_t flags;
  std::uint64_t padding;
};
constexpr unsigned long kBackingOpen = _IOW(229, 1, BackingMap);
constexpr unsigned long kBackingClose = _IOW(229, 2, std::uint32_t);

// The reply to INIT as kernels since 6.9 read it; 64 bytes like the one of older headers.
struct InitReply {
  std::uint32_t major, minor, max_readahead, flags;
  std::uint16_t max_background, congestion_threshold;
  std::uint32_t max_write, time_gran;
  std::uint16_t max_pages, map_alignment;
  std::uint32_t flags2, max_stack_depth;
  std::uint32_t unused[6];
};
static_assert(sizeof(InitReply) == 64 && sizeof(InitReply) == sizeof(fuse_init_out));

struct InitRequest {
  std::uint32_t major, minor, max_readahead, flags, flags2;
};

struct OpenReply {
  std::uint64_t fh;
  std::uint32_t open_flags;
  std::int32_t backing_id;
};
static_assert(sizeof(OpenReply) == sizeof(fuse_open_out));

struct ThreadState {
  std::uint64_t init_unique = 0;  // of an INIT request that offered passthrough
  int backing_id = 0;
};
thread_local ThreadState thread_state;

// Sends `parts` with the second one replaced.
template <typename Body>
ssize_t send_with_body(int fd, const iovec* parts, int count, Body& body) {
  std::vector<iovec> copy(parts, parts + count);
  copy[1].iov_base = &body;
  return ::writev(fd, copy.data(), count);
}

}  // namespace

Passthrough::ReplyScope::ReplyScope(int backing_id) { thread_state.backing_id = backing_id; }
Passthrough::ReplyScope::~ReplyScope() { thread_state.backing_id = 0; }

ssize_t Passthrough::read(void* buffer, std::size_t length) const {
  const ssize_t got = ::read(fuse_fd_, buffer, length);
  if (!wanted_ || got < static_cast<ssize_t>(sizeof(fuse_in_header) + sizeof(InitRequest))) {
    return got;
  }
  fuse_in_header header{};
  std::memcpy(&header, buffer, sizeof header);
  if (header.opcode == FUSE_INIT) {
    InitRequest request{};
    std::memcpy(&request, static_cast<const char*>(buffer) + sizeof header, sizeof request);
    const bool offered =
        (request.flags & kInitExt) != 0 && (request.flags2 & kPassthroughFlag2) != 0;
    if (offered) thread_state.init_unique = header.unique;
  }
  return got;
}

ssize_t Passthrough::writev(const iovec* parts, int count) {
  fuse_out_header header{};
  const bool patchable = count == 2 && parts[0].iov_len == sizeof header;
  if (patchable && (thread_state.init_unique != 0 || thread_state.backing_id != 0)) {
    std::memcpy(&header, parts[0].iov_base, sizeof header);
    if (header.error == 0 && header.unique == thread_state.init_unique &&
        parts[1].iov_len == sizeof(InitReply)) {
      thread_state.init_unique = 0;
      InitReply reply{};
      std::memcpy(&reply, parts[1].iov_base, sizeof reply);
      reply.flags |= kInitExt;
      reply.flags2 |= kPassthroughFlag2;
      reply.max_stack_depth = kStackDepth;
      supported_ = true;
      return send_with_body(fuse_fd_, parts, count, reply);
    }
    if (header.error == 0 && thread_state.backing_id != 0 &&
        parts[1].iov_len == sizeof(OpenReply)) {
      OpenReply reply{};
      std::memcpy(&reply, parts[1].iov_base, sizeof reply);
      reply.open_flags = (reply.open_flags & ~kOpenDirectOrKeep) | kOpenPassthrough;
      reply.backing_id = thread_state.backing_id;
      return send_with_body(fuse_fd_, parts, count, reply);
    }
  }
  return ::writev(fuse_fd_, parts, count);
}

bool Passthrough::probe(int fd) {
  if (!supported()) return false;
  const Result<int> id = open_backing(fd);
  if (id.has_value()) close_backing(*id);
  return id.has_value();
}

Result<int> Passthrough::open_backing(int fd) {
  if (!supported()) return Error(Errc::unsupported, "no passthrough on this connection");
  BackingMap map{.fd = fd, .flags = 0, .padding = 0};
  const int id = ::ioctl(fuse_fd_, kBackingOpen, &map);
  if (id > 0) return id;
  const int reason = errno;
  // EPERM: no CAP_SYS_ADMIN in the first user namespace. ELOOP: the cache lies on a stacked file
  // system. Neither changes while we live; the rest (a descriptor limit) may.
  if (reason == EPERM || reason == ELOOP || reason == EOPNOTSUPP || reason == ENOTTY) {
    if (supported_.exchange(false)) {
      log_line(LogLevel::info, "no passthrough: " + std::string(std::strerror(reason)));  // NOLINT
    }
  }
  return Error::from_errno("open a backing file", reason);
}

void Passthrough::close_backing(int id) const {
  auto number = static_cast<std::uint32_t>(id);
  (void)::ioctl(fuse_fd_, kBackingClose, &number);
}

}  // namespace lazylfs::fs
