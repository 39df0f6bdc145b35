#include "fs/reply.h"

#include <cerrno>

#include "lfs/base/fd.h"
#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

// A broken server fails every read of a busy job; the log keeps the first lines of each period.
constexpr int kLogLinesMax = 20;
constexpr std::chrono::seconds kLogPeriod{10};

}  // namespace

void ReplyDesk::wait_until_idle() {
  for (int left = unanswered_.load(); left != 0; left = unanswered_.load()) {
    unanswered_.wait(left);
  }
}

void ReplyDesk::log_failure(std::string_view operation, const Error& error, int errno_value) {
  metrics_.add(Counter::fuse_errors);
  int dropped = 0;
  {
    auto budget = log_.lock();
    const auto now = std::chrono::steady_clock::now();
    if (now - budget->since > kLogPeriod) {
      dropped = std::exchange(budget->dropped, 0);
      budget->lines = 0;
      budget->since = now;
    }
    if (++budget->lines > kLogLinesMax) {
      ++budget->dropped;
      return;
    }
  }
  if (dropped > 0) log_line(LogLevel::warning, std::to_string(dropped) + " errors not logged");
  log_line(LogLevel::warning, std::string(operation) + ": " + error.message() + " (" +
                                  std::string(errno_name(errno_value)) + ")");
}

Reply::Reply(fuse_req_t request, std::string_view operation, ReplyDesk& desk)
    : request_(request), operation_(operation), desk_(&desk) {
  desk.unanswered_.fetch_add(1, std::memory_order_relaxed);
}

Reply::~Reply() {
  if (request_ != nullptr) errno_value(EIO);
}

fuse_req_t Reply::take() { return std::exchange(request_, nullptr); }

void Reply::answered() {
  if (desk_->unanswered_.fetch_sub(1) == 1) desk_->unanswered_.notify_all();
}

void Reply::error(const Error& error, Asked asked) {
  const int value = to_errno(error, asked);
  const bool usual = (asked == Asked::name && value == ENOENT) || value == EINTR;
  if (!usual) desk_->log_failure(operation_, error, value);
  errno_value(value);
}

void Reply::errno_value(int value) {
  TRACE(TraceArea::fuse, "fuse: " << operation_ << " -> " << value);
  fuse_reply_err(take(), value);
  answered();
}

bool Reply::entry(const fuse_entry_param& entry) {
  const bool delivered = fuse_reply_entry(take(), &entry) != -ENOENT;
  answered();
  return delivered;
}

bool Reply::open(const fuse_file_info& info) {
  const bool delivered = fuse_reply_open(take(), &info) != -ENOENT;
  answered();
  return delivered;
}

void Reply::attributes(const struct stat& attributes, double timeout_s) {
  fuse_reply_attr(take(), &attributes, timeout_s);
  answered();
}

void Reply::link(const std::string& target) {
  fuse_reply_readlink(take(), target.c_str());
  answered();
}

bool Reply::data(std::span<const std::byte> bytes) {
  const bool delivered =
      fuse_reply_buf(take(), reinterpret_cast<const char*>(bytes.data()), bytes.size()) != -ENOENT;
  answered();
  return delivered;
}

bool Reply::data(std::string_view text) { return data(as_bytes(text)); }

void Reply::file_data(int fd, std::uint64_t offset, std::size_t length) {
  fuse_bufvec buffers{};
  buffers.count = 1;
  buffers.buf[0].size = length;
  buffers.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  buffers.buf[0].fd = fd;
  buffers.buf[0].pos = static_cast<off_t>(offset);
  // No SPLICE_MOVE: stealing pages from the page cache costs more than the copy.
  fuse_reply_data(take(), &buffers, static_cast<fuse_buf_copy_flags>(0));
  answered();
}

void Reply::statistics(const struct statvfs& statistics) {
  fuse_reply_statfs(take(), &statistics);
  answered();
}

void Reply::attribute_value(std::string_view value, std::size_t size) {
  if (size == 0) {
    fuse_reply_xattr(take(), value.size());
  } else if (value.size() > size) {
    fuse_reply_err(take(), ERANGE);
  } else {
    fuse_reply_buf(take(), value.data(), value.size());
  }
  answered();
}

void Reply::none() {
  fuse_reply_none(take());
  answered();
}

}  // namespace lazylfs::fs
