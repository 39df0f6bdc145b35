#include "lfs/migrate/commit_text.h"

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

std::string_view take_line(std::string_view& text) {
  std::string_view line = take_until(text, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The rest of an object as lines that are joined by newlines, without one at the end.
std::string joined_lines(std::string_view text) {
  std::string result;
  bool first = true;
  while (!text.empty()) {
    if (!first) result += '\n';
    first = false;
    result += take_line(text);
  }
  return result;
}

}  // namespace

Result<CommitLinks> parse_commit_links(std::string_view commit) {
  CommitLinks links;
  bool has_tree = false;
  while (!commit.empty()) {
    const std::string_view line = take_line(commit);
    if (line.empty()) break;
    if (line.starts_with("tree ")) {
      links.tree = TRY(GitOid::parse(trim(line.substr(5))));
      has_tree = true;
    } else if (line.starts_with("parent ")) {
      links.parents.push_back(TRY(GitOid::parse(trim(line.substr(7)))));
    }
  }
  if (!has_tree) return Error(Errc::corrupt, "a commit without a tree");
  return links;
}

std::string replace_commit_links(std::string_view commit, const CommitLinks& links) {
  std::string author, committer, others;
  while (!commit.empty()) {
    const std::string_view line = take_line(commit);
    if (line.empty()) break;
    if (line.starts_with("tree ") || line.starts_with("parent ")) continue;
    if (line.starts_with("author ")) {
      author = line.substr(7);
    } else if (line.starts_with("committer ")) {
      committer = line.substr(10);
    } else {
      // A header without a value gets a space after its name; continuation lines are kept.
      others += line;
      if (line.find(' ') == std::string_view::npos) others += ' ';
      others += '\n';
    }
  }
  std::string text = "tree " + links.tree.hex() + '\n';
  for (const GitOid& parent : links.parents) text += "parent " + parent.hex() + '\n';
  text += "author " + author + "\ncommitter " + committer + '\n' + others + '\n';
  return text + joined_lines(commit) + '\n';
}

Result<TagTarget> parse_tag_target(std::string_view tag) {
  TagTarget target;
  bool has_object = false;
  while (!tag.empty()) {
    const std::string_view line = take_line(tag);
    if (line.empty()) break;
    if (line.starts_with("object ")) {
      target.oid = TRY(GitOid::parse(trim(line.substr(7))));
      has_object = true;
    } else if (line.starts_with("type ")) {
      target.type = line.substr(5);
    }
  }
  if (!has_object) return Error(Errc::corrupt, "a tag without an object");
  return target;
}

std::string replace_tag_target(std::string_view tag, const GitOid& target) {
  std::string text;
  while (!tag.empty()) {
    const std::string_view line = take_line(tag);
    if (line.empty()) break;
    text += line.starts_with("object ") ? "object " + target.hex() : std::string(line);
    text += '\n';
  }
  return text + '\n' + joined_lines(tag);
}

}  // namespace lazylfs::lfs
