// The folder .at: refs as folders of snapshots. Nothing here is kept but by references, since refs
// come and go; each look-up asks the refs anew.
#include <cstring>
#include <utility>

#include "fs/tree_impl.h"

namespace lazylfs::fs {

// "" for .at itself, "feature" for .at/feature.
Result<std::string> TreeImpl::ref_path(InodeNumber folder) const {
  const std::shared_lock lock(mutex_);
  std::string path = folders_.path_of(TRY(find_folder(folder)));
  path.erase(0, kRefsFolderName.size());
  if (!path.empty()) path.erase(0, 1);
  return path;
}

Result<Attributes> TreeImpl::lookup_ref(InodeNumber folder, std::string_view name) {
  const FolderIndex index = TRY(enter_ref(folder, name));
  const std::shared_lock lock(mutex_);
  return folder_attributes(index);
}

// The folder `name` in a folder of refs, with a reference counted.
Result<FolderIndex> TreeImpl::enter_ref(InodeNumber folder, std::string_view name) {
  const std::string below = TRY(ref_path(folder));
  const std::string path = below.empty() ? std::string(name) : below + "/" + std::string(name);
  const std::shared_ptr<const RefNames> names = refs_.names();
  if (const auto commit = names->commit(path)) {
    return enter_commit(folder, TRY(repository_.resolve_commit(commit->hex())), name);
  }
  if (names->is_folder(path)) {
    return hold(folder,
                {.kind = FolderKind::refs,
                 .oid = {},
                 .parent_ino = folder.value,
                 .name = std::string(name),
                 .context = 0},
                nullptr);
  }
  // Only these: other revisions ("main~3") could not be told from names of files.
  if (below.empty() && (name == "HEAD" || is_commit_id(name))) {
    return enter_commit(folder, TRY(repository_.resolve_commit(name)), name);
  }
  return Error(Errc::not_found, "no branch, tag or commit '" + path + "'");
}

Result<FolderIndex> TreeImpl::enter_commit(InodeNumber folder, const lfs::Commit& commit,
                                           std::string_view name) {
  const std::shared_ptr<const Snapshot> snapshot =
      TRY(loader_.open_snapshot(commit, options_.subdir));
  // Two commits of one tree differ in their time, hence the commit in the identity.
  return hold(folder,
              {.kind = FolderKind::tree,
               .oid = commit.oid,
               .parent_ino = folder.value,
               .name = std::string(name),
               .context = snapshot->context},
              snapshot);
}

Result<FolderIndex> TreeImpl::hold(InodeNumber parent, FolderIdentity identity,
                                   std::shared_ptr<const Snapshot> snapshot) {
  const std::unique_lock lock(mutex_);
  const FolderIndex parent_index = TRY(find_folder(parent));
  const FolderIndex index = folders_.intern(std::move(identity), parent_index);
  Folder& folder = folders_.at(index);
  if (snapshot && !folder.snapshot) {
    folder.tree = snapshot->tree;
    folder.snapshot = std::move(snapshot);
  }
  folder.references.fetch_add(1);
  may_have_garbage_ = true;
  return index;
}

Result<void> TreeImpl::read_refs(
    InodeNumber folder, std::uint64_t offset,
    const std::function<bool(std::string_view, const Attributes&, std::uint64_t)>& entry) {
  const std::vector<std::string> names = refs_.names()->list(TRY(ref_path(folder)));
  for (; offset < names.size(); ++offset) {
    const Result<Attributes> child = lookup_ref(folder, names[offset]);
    if (!child) continue;  // deleted meanwhile, or a commit without the subdir
    const bool goes_on = entry(names[offset], *child, offset + 1);
    forget(child->ino, 1);  // the look-up's: the folder lives through the callback
    if (!goes_on) break;
  }
  return {};
}

}  // namespace lazylfs::fs
