// Patterns of paths, as people write them on a command line.
#pragma once

#include <string_view>

namespace lazylfs::cli {

bool has_glob(std::string_view text);  // holds *, ? or [

// '*' and '?' stay within a folder, '**' does not; [a-z] and [!a-z]; '\' takes the next character
// literally. The whole of `path` must match.
bool glob_matches(std::string_view pattern, std::string_view path);

// As git's ignore files: a pattern without '/' is matched against names at any depth, others
// against the path; a match of a folder covers all below it. An empty pattern matches everything.
bool path_selected(std::string_view pattern, std::string_view path);

}  // namespace lazylfs::cli
