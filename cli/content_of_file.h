// The content that a file stands for, when git hands one revision of a tracked file to a helper:
// merge drivers and text converters get pointers, or files of the work tree.
#pragma once

#include <optional>
#include <string>

#include "cli/filter_session.h"
#include "lfs/filter/stream.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::cli {

// What `path` holds. Errc::not_found when there is no such file.
struct FileFront {
  std::optional<lfs::Pointer> pointer;  // nothing: the file is the content
  std::uint64_t size = 0;               // of the content, as far as known: extensions may change it
};
Result<FileFront> read_file_front(const std::string& path);

// Writes that content to `output`, downloading the object when it is not here. `name` stands for
// the file in messages and for extensions.
Result<void> write_content_of(FilterSession& session, const std::string& path,
                              const FileFront& front, const std::string& name,
                              lfs::ByteOutput& output);

}  // namespace lazylfs::cli
