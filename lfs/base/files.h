// Whole files and folders.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lfs/base/fd.h"
#include "lfs/base/result.h"

namespace lazylfs {

// Errc::not_found when missing, Errc::invalid when larger than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

enum class Durability { none, synced };

// Replaces `path` by a file with `text`, through a temporary sibling and rename, so that a reader
// sees the old or the new file and a crash leaves one of them. `synced`: also after a power cut.
Result<void> write_file_atomically(const std::string& path, std::string_view text,
                                   Durability durability = Durability::none, unsigned mode = 0666);

// mkdir -p. Folders that exist are fine.
Result<void> make_folders(const std::string& path, unsigned mode = 0777);

// fsync(2) of a folder, so that renames inside it survive a power cut.
Result<void> sync_folder(const std::string& path);

bool file_exists(const std::string& path);
bool is_folder(const std::string& path);

// `path` made absolute against the current folder, "." and ".." resolved as text.
std::string absolute_path(const std::string& path);
// The part before the last '/' ("." when there is none), and the part after it.
std::string parent_path(const std::string& path);
std::string base_name(const std::string& path);

// The user's home ($HOME, else the password file); empty when unknown.
std::string home_folder();

// getenv, empty when unset.
std::string env_or_empty(const char* name);
// Whether it is set, and neither to nothing nor to 0, false, no or off.
bool env_is_on(const char* name);

}  // namespace lazylfs
