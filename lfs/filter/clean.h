// From a file's content to its pointer: what git's clean filter does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/filter/extension.h"
#include "lfs/filter/stream.h"
#include "lfs/pointer/pointer.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

struct Cleaned {
  std::string text;                // what git gets
  std::optional<Pointer> pointer;  // nothing when the content was a pointer already
};

// Reads `input` to its end and stores its content. What is a pointer (or empty) passes verbatim.
// With extensions, what the last of them prints is stored. `path` names the file, for extensions.
// Errc::exists, in upstream's words, when another file lies in the object's place. `formerly` is
// asked what the path held before, when the content is long: if it is that still, it is hashed, but
// not stored a second time.
Result<Cleaned> clean(ByteInput& input, const ObjectStore& store,
                      const std::vector<Extension>& extensions, const std::string& path,
                      const ObjectWriter::Guess& formerly = {});

// Runs the clean commands and writes what comes out to `output`. The extension lines of the
// pointer: one for each stage that changed the bytes.
Result<std::vector<PointerExtension>> clean_through(const std::vector<Extension>& extensions,
                                                    const std::string& path, ByteInput& input,
                                                    ByteOutput& output);

}  // namespace lazylfs::lfs
