#include "lfs/git/tree_parser.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kNameBytesMax = 255;  // the kernel refuses a listing with a longer one

std::optional<EntryKind> kind_of(unsigned mode) {
  switch (mode & 0170000U) {
    case 0040000U:
      return EntryKind::folder;
    case 0100000U:
      return (mode & 0100U) != 0 ? EntryKind::executable : EntryKind::file;
    case 0120000U:
      return EntryKind::symlink;
    case 0160000U:
      return EntryKind::submodule;
    default:
      return std::nullopt;
  }
}

bool is_legal_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && !equals_ignoring_case(name, ".git");
}

}  // namespace

Result<ParsedTree> parse_tree(std::string_view data) {
  const Error corrupt(Errc::corrupt, "malformed tree object");
  ParsedTree tree;
  while (!data.empty()) {
    const std::size_t space = data.find(' ');
    if (space == std::string_view::npos) return corrupt;
    unsigned mode = 0;
    const auto [end, error] = std::from_chars(data.data(), data.data() + space, mode, 8);
    if (error != std::errc() || end != data.data() + space) return corrupt;
    data.remove_prefix(space + 1);
    const std::size_t nul = data.find('\0');
    TreeEntry entry;
    if (nul == std::string_view::npos || data.size() - nul - 1 < entry.oid.bytes.size()) {
      return corrupt;
    }
    entry.name = data.substr(0, nul);
    std::copy_n(data.data() + nul + 1, entry.oid.bytes.size(),
                reinterpret_cast<char*>(entry.oid.bytes.data()));
    data.remove_prefix(nul + 1 + entry.oid.bytes.size());
    const std::optional<EntryKind> kind = kind_of(mode);
    if (!kind || !is_legal_name(entry.name)) {
      tree.dropped.push_back(std::move(entry.name));
      continue;
    }
    entry.kind = *kind;
    tree.entries.push_back(std::move(entry));
  }
  // A folder cannot hold one name twice; git writes no such tree.
  std::unordered_set<std::string_view> seen;
  seen.reserve(tree.entries.size());
  std::vector<TreeEntry> unique;
  unique.reserve(tree.entries.size());
  for (TreeEntry& entry : tree.entries) {
    if (seen.contains(entry.name)) {
      tree.dropped.push_back(std::move(entry.name));
      continue;
    }
    unique.push_back(std::move(entry));
    seen.insert(unique.back().name);
  }
  tree.entries = std::move(unique);
  return tree;
}

}  // namespace lazylfs::lfs
