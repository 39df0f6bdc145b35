// The names of an index's entries stand in it as they are, but in version 4 (where each lacks what
// it shares with the one before) and in a split index (whose entries are in another file, told by
// the extension "link"). So a search for the bytes of a name is enough to say that it is not there.
#include "lfs/git/index_probe.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <vector>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20U;
constexpr std::string_view kPlainHeaders[] = {{"DIRC\0\0\0\2", 8}, {"DIRC\0\0\0\3", 8}};

}  // namespace

bool index_may_have(const std::string& index_path, std::string_view name) {
  const Result<Fd> file = open_file(index_path, O_RDONLY);
  if (!file) return file.error().sys_errno() != ENOENT;  // without an index nothing is staged
  std::vector<char> buffer(kChunkBytes);
  std::size_t kept = 0;  // the end of the last chunk, in which a match may begin
  for (bool first = true;; first = false) {
    const auto room = std::as_writable_bytes(std::span(buffer).subspan(kept));
    const Result<std::size_t> got = read_full(file->get(), room);
    if (!got) return true;
    const std::string_view bytes(buffer.data(), kept + *got);
    if (first && !bytes.starts_with(kPlainHeaders[0]) && !bytes.starts_with(kPlainHeaders[1])) {
      return true;
    }
    if (bytes.find(name) != std::string_view::npos) return true;
    if (bytes.find("link") != std::string_view::npos) return true;
    if (*got < room.size()) return false;
    kept = name.size();
    std::copy(buffer.end() - static_cast<std::ptrdiff_t>(kept), buffer.end(), buffer.begin());
  }
}

}  // namespace lazylfs::lfs
