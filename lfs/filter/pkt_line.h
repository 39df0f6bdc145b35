// Git's pkt-line framing, as the long-running filter protocol uses it: four hexadecimal digits of
// length (themselves included), then the payload; "0000" ends a list or a content.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/filter/brief_spin.h"
#include "lfs/filter/stream.h"

namespace lazylfs::lfs {

inline constexpr std::size_t kPktPayloadMax = 65516;

// Thread-compatible. Errc::corrupt for a malformed length and for an end within a packet.
class PktReader {
 public:
  explicit PktReader(int fd);

  enum class Kind { data, flush, end };  // end: the peer closed, between packets
  // The next packet's head. The payload of the one before must have been read.
  Result<Kind> next();
  std::size_t left() const { return left_; }  // bytes of the payload not read yet
  // At least one byte of the payload while left() > 0.
  Result<std::size_t> read(std::span<std::byte> into);
  // The rest of the payload, without a line end.
  Result<std::string> text();

  // Lines up to a flush. Errc::cancelled when the peer closed before the first; Errc::invalid for
  // more than `lines_max`.
  Result<std::vector<std::string>> list(std::size_t lines_max = 1000);

 private:
  Result<void> refill(std::size_t at_least);
  Result<std::size_t> receive(std::span<std::byte> into, std::span<std::byte> rest);

  int fd_;
  BriefSpin spin_;
  std::unique_ptr<std::byte[]> buffer_;  // NOLINT(modernize-avoid-c-arrays): not cleared first
  std::size_t begin_ = 0, end_ = 0;      // of what is buffered
  std::size_t left_ = 0;
};

// One content: packets up to a flush. Ends there for ever.
class PktContent final : public ByteInput {
 public:
  explicit PktContent(PktReader& reader) : reader_(reader) {}
  Result<std::size_t> read(std::span<std::byte> into) override;
  // Reads what is left of it, so that the next request can be read.
  Result<void> drain();

 private:
  PktReader& reader_;
  bool done_ = false;
};

// Collects packets and writes them when a few are full, or on send(). Thread-compatible.
class PktWriter final : public ByteOutput {
 public:
  explicit PktWriter(int fd);

  Result<void> line(std::string_view text);  // "text\n"
  Result<void> flush();                      // "0000"
  Result<void> write(std::span<const std::byte> data) override;
  Result<void> send();  // everything so far goes out
  // "status=<status>" as a list.
  Result<void> status(std::string_view status);

 private:
  Result<void> packet(std::span<const std::byte> payload);

  int fd_;
  std::unique_ptr<std::byte[]> buffer_;  // NOLINT(modernize-avoid-c-arrays): not cleared first
  std::size_t used_ = 0;
};

}  // namespace lazylfs::lfs
