// Any bytes: the reader neither crashes nor accepts what it cannot write again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lfs/pointer/pointer.h"

using lazylfs::Result;
using lazylfs::lfs::Pointer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Pointer> pointer = lazylfs::lfs::parse_pointer(text);
  if (!pointer) return 0;
  const std::string written = lazylfs::lfs::format_pointer(*pointer);
  if (pointer->canonical != (written == text)) std::abort();
  if (pointer->size == 0) return 0;
  // A long extension name can make the canonical text longer than the limit only if it was
  // shorter before, which old versions' URLs and CRLF never cause by more than a few bytes.
  const Result<Pointer> again = lazylfs::lfs::parse_pointer(written);
  if (!again && written.size() < lazylfs::lfs::kPointerBytesMax) std::abort();
  if (again && (again->id() != pointer->id() || !again->canonical)) std::abort();
  return 0;
}
