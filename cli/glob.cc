#include "cli/glob.h"

#include <fnmatch.h>

#include <string>

namespace lazylfs::cli {
namespace {

// One name against one part of a pattern; fnmatch(3) does what a shell does within a name.
bool name_matches(std::string_view pattern, std::string_view name) {
  return ::fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

std::string_view first_part(std::string_view path) { return path.substr(0, path.find('/')); }

// What follows the first part; empty when it was the last.
std::string_view after_first(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
}

}  // namespace

bool has_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool glob_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    const std::string_view part = first_part(pattern);
    if (part == "**") {
      const std::string_view rest = after_first(pattern);
      if (rest.empty()) return !path.empty();
      for (; !path.empty(); path = after_first(path)) {
        if (glob_matches(rest, path)) return true;
      }
      return false;
    }
    if (path.empty() || !name_matches(part, first_part(path))) return false;
    pattern = after_first(pattern);
    path = after_first(path);
  }
  return path.empty();
}

bool path_selected(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return true;
  const bool anchored = pattern.find('/') != std::string_view::npos;
  // The path and each folder above it.
  for (std::string_view prefix = path;;) {
    const std::size_t slash = prefix.rfind('/');
    const bool top = slash == std::string_view::npos;
    const std::string_view name = top ? prefix : prefix.substr(slash + 1);
    if (anchored ? glob_matches(pattern, prefix) : name_matches(pattern, name)) return true;
    if (top) return false;
    prefix = prefix.substr(0, slash);
  }
}

}  // namespace lazylfs::cli
