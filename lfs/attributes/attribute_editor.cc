#include "lfs/attributes/attribute_editor.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "lfs/attributes/attribute_line.h"
#include "lfs/attributes/filter_attributes.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kSpace = "[[:space:]]";
constexpr std::string_view kGlobBytes = "*?[]";
constexpr std::string_view kSpecialBytes = "*?[]\\!# ";

// "./a" and "a" are the same to a person, and earlier versions wrote the former.
std::string_view without_dot(std::string_view pattern) {
  if (pattern.starts_with("./")) pattern.remove_prefix(2);
  return pattern;
}

// A line without its pattern's quotes and escapes; empty when it is a comment or the like.
std::string pattern_of(std::string_view line) {
  if (auto parsed = AttributeLine::parse(line); parsed && !parsed->is_macro) {
    return unescape_attribute_pattern(parsed->pattern);
  }
  return "";
}

}  // namespace

std::string escape_attribute_pattern(std::string_view pattern, bool literal) {
  std::string escaped;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == ' ') {
      escaped += kSpace;
    } else if (c == '#' || (literal && kGlobBytes.find(c) != std::string_view::npos)) {
      (escaped += '\\') += c;
    } else if (literal && i == 0 && c == '!') {
      escaped += "\\!";  // Git ignores negative patterns
    } else if (c != '\\') {
      escaped += c;
    } else if (!literal && i + 1 < pattern.size() &&
               kSpecialBytes.find(pattern[i + 1]) != std::string_view::npos) {
      // The user's own escape; a space cannot be written this way.
      const char next = pattern[++i];
      if (next == ' ') {
        escaped += kSpace;
      } else {
        (escaped += '\\') += next;
      }
    } else {
      escaped += "\\\\";
    }
  }
  return escaped;
}

std::string unescape_attribute_pattern(std::string_view escaped) {
  std::string text;
  while (!escaped.empty()) {
    if (escaped.starts_with(kSpace)) {
      text += ' ';
      escaped.remove_prefix(kSpace.size());
    } else {
      if (escaped.starts_with("\\#")) escaped.remove_prefix(1);
      text += escaped[0];
      escaped.remove_prefix(1);
    }
  }
  return text;
}

Result<AttributeEditor> AttributeEditor::open(std::string path, bool crlf_by_default) {
  AttributeEditor editor(std::move(path));
  if (crlf_by_default) editor.line_end_ = "\r\n";
  struct stat status {};
  if (::lstat(editor.path_.c_str(), &status) != 0) return editor;
  if (!S_ISREG(status.st_mode)) {
    return Error(Errc::invalid, "'" + base_name(editor.path_) + "' is no regular file");
  }
  editor.mode_ = status.st_mode & 0777U;
  const std::string text = TRY(read_file(editor.path_, kAttributesBytesMax));
  std::size_t with_cr = 0;
  const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
      ++with_cr;
    }
    editor.lines_.emplace_back(line);
  }
  if (ends > 0) editor.line_end_ = with_cr > ends - with_cr ? "\r\n" : "\n";
  return editor;
}

bool AttributeEditor::track(const std::string& escaped, bool lockable) {
  const std::string line =
      escaped + " filter=lfs diff=lfs merge=lfs -text" + (lockable ? " lockable" : "");
  const std::string wanted = unescape_attribute_pattern(escaped);
  const auto found = std::ranges::find(lines_, wanted, pattern_of);
  changed_ = true;
  if (found != lines_.end()) {
    *found = line;
    return true;
  }
  lines_.push_back(line);
  return false;
}

std::vector<std::string> AttributeEditor::untrack(std::string_view pattern) {
  pattern = without_dot(pattern);
  const std::string spellings[] = {escape_attribute_pattern(pattern, false),
                                   escape_attribute_pattern(pattern, true), std::string(pattern)};
  std::vector<std::string> removed;
  std::erase_if(lines_, [&](const std::string& line) {
    if (line.find("filter=lfs") == std::string::npos) return false;
    const auto parsed = AttributeLine::parse(line);
    if (!parsed || parsed->is_macro) return false;
    const std::string_view found = without_dot(parsed->pattern);
    if (std::ranges::find(spellings, found) == std::end(spellings)) return false;
    removed.push_back(parsed->pattern);
    return true;
  });
  changed_ = changed_ || !removed.empty();
  return removed;
}

Result<void> AttributeEditor::save() const {
  if (!changed_) return {};
  std::string text;
  for (const std::string& line : lines_) text += line + line_end_;
  return write_file_atomically(path_, text, Durability::none, mode_);
}

}  // namespace lazylfs::lfs
