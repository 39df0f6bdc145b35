#include "lfs/base/error.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace lazylfs {
namespace {

constexpr std::array<std::string_view, 14> kNames = {
    "invalid", "not_found", "exists",    "denied", "unreachable", "timed_out",   "transient",
    "corrupt", "no_space",  "read_only", "busy",   "cancelled",   "unsupported", "io"};
static_assert(kNames.size() == static_cast<std::size_t>(Errc::io) + 1, "name every Errc");

Errc code_of(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EEXIST:
      return Errc::exists;
    case EACCES:
    case EPERM:
      return Errc::denied;
    case ENOSPC:
    case EDQUOT:
      return Errc::no_space;
    case EROFS:
      return Errc::read_only;
    case EBUSY:
    case EAGAIN:
      return Errc::busy;
    case EINTR:
    case ECANCELED:
      return Errc::cancelled;
    case ETIMEDOUT:
      return Errc::timed_out;
    case ENOSYS:
    case EOPNOTSUPP:
      return Errc::unsupported;
    default:
      return Errc::io;
  }
}

}  // namespace

std::string_view errc_name(Errc code) { return kNames.at(static_cast<std::size_t>(code)); }

Error::Error(Errc code, std::string message, int sys_errno)
    : state_(std::make_shared<const State>(State{code, sys_errno, std::move(message)})) {}

Error Error::from_errno(std::string_view what, int sys_errno) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(sys_errno);
  return {code_of(sys_errno), std::move(message), sys_errno};
}

Error Error::with_context(std::string_view context) const {
  std::string message(context);
  message += ": ";
  message += state_->message;
  return {state_->code, std::move(message), state_->sys_errno};
}

}  // namespace lazylfs
