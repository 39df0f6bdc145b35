// The pointer file: what Git stores in place of an LFS object's content.
// Format: git-lfs's specification (docs/spec.md there), and docs/FORMATS.md here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

// A blob of this size or more is never a pointer.
inline constexpr std::size_t kPointerBytesMax = 1024;

// "ext-<priority>-<name> sha256:<oid>": one stage of the extension chain.
struct PointerExtension {
  int priority = 0;  // 0 to 9
  std::string name;
  Oid oid;

  bool operator==(const PointerExtension&) const = default;
};

// Value. A pointer of size 0 stands for the empty file.
struct Pointer {
  Oid oid;
  std::uint64_t size = 0;                    // bytes of the content
  std::vector<PointerExtension> extensions;  // by ascending priority
  std::string version;                       // the version URL as read; empty for the latest
  bool canonical = true;  // the text that was read is byte for byte what format_pointer() writes

  ObjectId id() const { return {oid, size}; }
};

// Reads a pointer as upstream does: old version URLs, surrounding white space, blank lines and CRLF
// are accepted. An empty text is the pointer of the empty file.
// Errc::not_found when `text` is ordinary content; Errc::corrupt when it starts as a pointer and
// then breaks the format. Never throws; any input is allowed.
Result<Pointer> parse_pointer(std::string_view text);

// The canonical text; empty for a pointer of size 0.
std::string format_pointer(const Pointer& pointer);

}  // namespace lazylfs::lfs
