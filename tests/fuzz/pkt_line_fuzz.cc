// Any bytes as the stream from git: it is read as lists and contents without crash or endless loop,
// and a list that was read can be written and read again.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lfs/filter/pkt_line.h"
#include "memory_file.h"

namespace {

using lazylfs::Fd;
using lazylfs::lfs::PktContent;
using lazylfs::lfs::PktReader;
using lazylfs::lfs::PktWriter;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_round_trip(const std::vector<std::string>& lines) {
  const Fd file = lazylfs::memory_file("");
  PktWriter writer(file.get());
  for (const std::string& line : lines) {
    // A line break of its own makes a longest line too long for one packet.
    if (line.size() >= lazylfs::lfs::kPktPayloadMax) return;
    require(writer.line(line).has_value());
  }
  require(writer.flush() && writer.send());
  require(::lseek(file.get(), 0, SEEK_SET) == 0);
  PktReader reader(file.get());
  const auto again = reader.list(lines.size());
  require(again && *again == lines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Fd file = lazylfs::memory_file(stream);
  PktReader reader(file.get());
  // The first byte says in which order lists and contents are expected.
  for (unsigned order = data[0];; order = order / 2 + (order & 1U) * 128) {
    if ((order & 1U) != 0) {
      const auto lines = reader.list();
      if (!lines) return 0;
      check_round_trip(*lines);
    } else {
      PktContent content(reader);
      std::array<std::byte, 700> piece{};
      const auto got = content.read(piece);
      if (!got) return 0;
      require(*got <= piece.size());
      if (!content.drain()) return 0;
    }
  }
}
