#include "lfs/filter/pkt_line.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kHeadBytes = 4;
constexpr std::size_t kPacketBytesMax = kHeadBytes + kPktPayloadMax;
constexpr std::size_t kReadBufferBytes = 64U << 10U;
constexpr std::size_t kWriteBufferBytes = 4 * kPacketBytesMax;
constexpr std::string_view kHexDigits = "0123456789abcdef";

int digit(std::byte value) {
  const char c = static_cast<char>(value);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

PktReader::PktReader(int fd)
    : fd_(fd), buffer_(new std::byte[kReadBufferBytes]) {}  // NOLINT: see the header

// Fills `into` and, with what comes after it, `rest`; returns the bytes read, 0 at the end.
Result<std::size_t> PktReader::receive(std::span<std::byte> into, std::span<std::byte> rest) {
  const std::array<iovec, 2> parts = {iovec{into.data(), into.size()},
                                      iovec{rest.data(), rest.size()}};
  spin_.wait(fd_);
  while (true) {
    const ssize_t got = ::readv(fd_, parts.data(), static_cast<int>(parts.size()));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return Error::from_errno("read from git", errno);
  }
}

// Reads until `at_least` bytes are buffered or the peer closes.
Result<void> PktReader::refill(std::size_t at_least) {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ < at_least) {
    const std::span<std::byte> room(buffer_.get() + end_, kReadBufferBytes - end_);
    const std::size_t got = TRY(receive(room, {}));
    if (got == 0) return {};
    end_ += got;
  }
  return {};
}

Result<PktReader::Kind> PktReader::next() {
  if (end_ - begin_ < kHeadBytes) TRY(refill(kHeadBytes));
  if (end_ == begin_) return Kind::end;
  if (end_ - begin_ < kHeadBytes) return Error(Errc::corrupt, "the stream ends within a packet");
  std::size_t length = 0;
  for (std::size_t i = 0; i < kHeadBytes; ++i) {
    const int value = digit(buffer_[begin_ + i]);
    if (value < 0) return Error(Errc::corrupt, "a packet's length is not hexadecimal");
    length = length * 16 + static_cast<std::size_t>(value);
  }
  begin_ += kHeadBytes;
  if (length == 0) return Kind::flush;
  if (length < kHeadBytes || length > kPacketBytesMax) {
    return Error(Errc::corrupt, "a packet of " + std::to_string(length) + " bytes");
  }
  left_ = length - kHeadBytes;
  return Kind::data;
}

Result<std::size_t> PktReader::read(std::span<std::byte> into) {
  into = into.first(std::min(into.size(), left_));
  if (into.empty()) return std::size_t{0};
  std::size_t count = std::min(into.size(), end_ - begin_);
  if (count > 0) {
    std::memcpy(into.data(), buffer_.get() + begin_, count);
    begin_ += count;
  } else {
    // Past the buffer, straight to where it belongs; what follows is buffered.
    begin_ = end_ = 0;
    const std::size_t got = TRY(receive(into, std::span(buffer_.get(), kReadBufferBytes)));
    if (got == 0) return Error(Errc::corrupt, "the stream ends within a packet");
    count = std::min(got, into.size());
    end_ = got - count;
  }
  left_ -= count;
  return count;
}

Result<std::string> PktReader::text() {
  std::string text(left_, '\0');
  std::span<std::byte> room = std::as_writable_bytes(std::span(text.data(), text.size()));
  while (left_ > 0) room = room.subspan(TRY(read(room)));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<std::vector<std::string>> PktReader::list(std::size_t lines_max) {
  std::vector<std::string> lines;
  while (true) {
    const Kind kind = TRY(next());
    if (kind == Kind::flush) return lines;
    if (kind == Kind::end) {
      return lines.empty() ? Error(Errc::cancelled, "the peer closed the stream")
                           : Error(Errc::corrupt, "the stream ends within a list");
    }
    if (lines.size() == lines_max) return Error(Errc::invalid, "a list of too many lines");
    lines.push_back(TRY(text()));
  }
}

Result<std::size_t> PktContent::read(std::span<std::byte> into) {
  while (!done_ && reader_.left() == 0) {
    const PktReader::Kind kind = TRY(reader_.next());
    if (kind == PktReader::Kind::end) return Error(Errc::corrupt, "the stream ends in a content");
    done_ = kind == PktReader::Kind::flush;
  }
  if (done_) return std::size_t{0};
  return reader_.read(into);
}

Result<void> PktContent::drain() {
  std::array<std::byte, 4096> scratch;  // NOLINT: written before it is read
  while (TRY(read(scratch)) > 0) {
  }
  return {};
}

PktWriter::PktWriter(int fd)
    : fd_(fd), buffer_(new std::byte[kWriteBufferBytes]) {}  // NOLINT: see the header

Result<void> PktWriter::packet(std::span<const std::byte> payload) {
  const std::size_t length = payload.size() + kHeadBytes;
  if (used_ + length > kWriteBufferBytes) TRY(send());
  std::byte* at = buffer_.get() + used_;
  for (std::size_t i = 0; i < kHeadBytes; ++i) {
    at[i] = static_cast<std::byte>(kHexDigits[(length >> (4 * (kHeadBytes - 1 - i))) & 0xFU]);
  }
  std::memcpy(at + kHeadBytes, payload.data(), payload.size());
  used_ += length;
  return {};
}

Result<void> PktWriter::line(std::string_view text) {
  const std::string whole = std::string(text) + '\n';
  return write(as_bytes(whole));
}

Result<void> PktWriter::flush() {
  if (used_ + kHeadBytes > kWriteBufferBytes) TRY(send());
  std::memcpy(buffer_.get() + used_, "0000", kHeadBytes);
  used_ += kHeadBytes;
  return {};
}

Result<void> PktWriter::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const std::size_t count = std::min(data.size(), kPktPayloadMax);
    TRY(packet(data.first(count)));
    data = data.subspan(count);
  }
  return {};
}

Result<void> PktWriter::send() {
  const std::span<const std::byte> data(buffer_.get(), used_);
  used_ = 0;
  TRY_CONTEXT("write to git", write_all(fd_, data));
  return {};
}

Result<void> PktWriter::status(std::string_view status) {
  TRY(line("status=" + std::string(status)));
  return flush();
}

}  // namespace lazylfs::lfs
