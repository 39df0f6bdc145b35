#include "lfs/transfer/local_fetch.h"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {
namespace {

constexpr std::uint64_t kPieceBytes = 1U << 20U;

Result<void> deliver(const std::string& path, ByteRange range, const std::atomic<bool>& cancelled,
                     ByteSink& sink) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  std::vector<std::byte> piece(std::min(kPieceBytes, range.length));
  for (std::uint64_t at = range.offset; at < range.end();) {
    if (cancelled) return Error(Errc::cancelled, "cancelled");
    const std::span<std::byte> part(piece.data(), std::min(kPieceBytes, range.end() - at));
    const std::size_t got = TRY_CONTEXT("read " + path, pread_full(file.get(), part, at));
    if (got < part.size()) return Error(Errc::corrupt, path + " is shorter than expected");
    TRY(sink.data(at, part));
    at += got;
  }
  return {};
}

}  // namespace

void deliver_file(const std::string& path, ByteRange range, const std::atomic<bool>& cancelled,
                  ByteSink& sink) {
  sink.done(deliver(path, range, cancelled, sink));
}

}  // namespace lazylfs::lfs
