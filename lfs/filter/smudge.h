// From a pointer to the object's content: what git's smudge filter does, apart from downloading.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/path_filter.h"
#include "lfs/base/result.h"
#include "lfs/filter/extension.h"
#include "lfs/filter/stream.h"
#include "lfs/pointer/pointer.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

// The front of what git sent: the whole of it when it is a pointer.
struct PointerFront {
  std::string text;
  std::optional<Pointer> pointer;  // nothing: ordinary content, whose rest is still to be read
};
Result<PointerFront> read_pointer_front(ByteInput& input);

// Which pointers are to be replaced by their content. Immutable.
struct SmudgeRules {
  PathFilter filter;
  bool skip = false;
  bool wants(std::string_view path) const { return !skip && filter.allows(path); }
};

// Writes the content that `pointer` stands for, from the store's file `object`, through the
// extensions that the pointer names. With extensions nothing is written before every hash was
// found right. Errors are in upstream's words.
Result<void> write_object(const Pointer& pointer, const std::string& object,
                          const ObjectStore& store, const std::vector<Extension>& extensions,
                          const std::string& path, ByteOutput& output);

// Upstream's words for an object that could not be downloaded, and for a file that therefore, or
// because of an extension, keeps its pointer.
Error download_failure(const Pointer& pointer, const std::string& path, const Error& reason);
Error smudge_failure(const Pointer& pointer, const std::string& path, const Error& reason);

}  // namespace lazylfs::lfs
