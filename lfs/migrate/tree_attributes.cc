#include "lfs/migrate/tree_attributes.h"

#include <algorithm>

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kAttributesName = ".gitattributes";

AttributeMacros macros_of(const std::vector<FolderFilter::Level>& levels) {
  const bool has_root = !levels.empty() && levels.front().path.empty();
  return has_root ? levels.front().rules->macros() : AttributeMacros{};
}

}  // namespace

Result<TreeAttributes::Folder*> TreeAttributes::folder(const std::string& path) {
  const auto known = folders_.find(path);
  if (known != folders_.end()) return &known->second;
  Folder made;
  made.tree = root_;
  if (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    const std::string above = slash == std::string::npos ? "" : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    const Folder* parent = TRY(folder(above));
    const auto entry = std::ranges::find(parent->folders, name, &TreeEntry::name);
    if (entry == parent->folders.end()) return Error(Errc::not_found, "no folder " + path);
    made.tree = entry->oid;
    made.levels = parent->levels;
  }
  for (TreeEntry& entry : TRY(repository_.read_tree(made.tree))) {
    if (entry.kind == EntryKind::folder)
      made.folders.push_back(std::move(entry));
    else if (entry.name == kAttributesName && entry.kind == EntryKind::symlink) {
      return Error(Errc::invalid,
                   "migrate: expected '.gitattributes' to be a file, got a symbolic link");
    } else if (entry.name == kAttributesName && is_file(entry.kind)) {
      const auto text = repository_.read_blob(entry.oid, kAttributesBytesMax);
      if (!text) continue;  // too large: git ignores it, too
      auto rules = path.empty() ? AttributeRules::parse_root(*text)
                                : AttributeRules::parse(*text, macros_of(made.levels));
      made.levels.push_back({path, std::move(rules)});
    }
  }
  made.filter = std::make_unique<FolderFilter>(path, made.levels);
  return &folders_.emplace(path, std::move(made)).first->second;
}

Result<void> TreeAttributes::check() {
  TRY(folder({}));
  return {};
}

Result<bool> TreeAttributes::is_lfs(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const bool nested = slash != std::string_view::npos;
  Folder* holder = TRY(folder(nested ? std::string(path.substr(0, slash)) : std::string()));
  return holder->filter->is_lfs(nested ? path.substr(slash + 1) : path);
}

}  // namespace lazylfs::lfs
