#include "fs/errno_map.h"

#include <array>
#include <cerrno>

namespace lazylfs::fs {
namespace {

struct Row {
  Errc code;
  int content, name;
};

// In the order of Errc, so that a row is found by index.
constexpr auto kRows = std::to_array<Row>({
    {Errc::invalid, EIO, EIO},
    {Errc::not_found, ENODATA, ENOENT},
    {Errc::exists, EIO, EIO},
    {Errc::denied, EACCES, EACCES},
    {Errc::unreachable, EHOSTUNREACH, EHOSTUNREACH},
    {Errc::timed_out, ETIMEDOUT, ETIMEDOUT},
    // Whoever could retry has done so until its budget was spent.
    {Errc::transient, ETIMEDOUT, ETIMEDOUT},
    {Errc::corrupt, EBADMSG, EBADMSG},
    {Errc::no_space, ENOSPC, ENOSPC},
    {Errc::read_only, EROFS, EROFS},
    {Errc::busy, EIO, EIO},
    {Errc::cancelled, EINTR, EINTR},
    {Errc::unsupported, EIO, EIO},
    {Errc::io, EIO, EIO},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows.at(i).code != static_cast<Errc>(i)) return false;
  }
  return kRows.size() == static_cast<std::size_t>(Errc::io) + 1;
}
static_assert(in_order(), "one row for each Errc, in its order");

struct Name {
  int value;
  std::string_view name;
};
constexpr auto kNames = std::to_array<Name>({
    {EIO, "EIO"},
    {ENODATA, "ENODATA"},
    {ENOENT, "ENOENT"},
    {EACCES, "EACCES"},
    {EHOSTUNREACH, "EHOSTUNREACH"},
    {ETIMEDOUT, "ETIMEDOUT"},
    {EBADMSG, "EBADMSG"},
    {ENOSPC, "ENOSPC"},
    {EROFS, "EROFS"},
    {EINTR, "EINTR"},
});

}  // namespace

int to_errno(const Error& error, Asked asked) {
  const Row& row = kRows.at(static_cast<std::size_t>(error.code()));
  return asked == Asked::name ? row.name : row.content;
}

std::string_view errno_name(int value) {
  for (const Name& entry : kNames) {
    if (entry.value == value) return entry.name;
  }
  return "errno";
}

}  // namespace lazylfs::fs
