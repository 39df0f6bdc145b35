// Commit and tag objects, rewritten byte for byte as upstream does, so that the same migration
// gives the same ids.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/git/raw_objects.h"

namespace lazylfs::lfs {

struct CommitLinks {
  GitOid tree;
  std::vector<GitOid> parents;
  bool operator==(const CommitLinks&) const = default;
};
// Errc::corrupt when there is no tree.
Result<CommitLinks> parse_commit_links(std::string_view commit);

// `commit` with other links. Author, committer, all other headers (signatures, too, which no longer
// hold) and the message stay, but for "\r" at the ends of lines; the message ends in a newline.
std::string replace_commit_links(std::string_view commit, const CommitLinks& links);

struct TagTarget {
  GitOid oid;
  std::string type;  // "commit", "tag", ...
};
Result<TagTarget> parse_tag_target(std::string_view tag);
// `tag` with another object. As upstream writes it, the message has no newline at its end.
std::string replace_tag_target(std::string_view tag, const GitOid& target);

}  // namespace lazylfs::lfs
