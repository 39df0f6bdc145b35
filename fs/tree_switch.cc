// Moving the root, and freeing what nobody refers to any more. See tree_impl.h for the rules.
#include <algorithm>
#include <utility>

#include "fs/tree_impl.h"

namespace lazylfs::fs {

namespace {

// A sweep walks everything in memory: it must not come too often.
constexpr std::size_t kDropsMin = 1024;
constexpr std::size_t kDropsShare = 4;  // or this part of all nodes

// Names whose target differs, or that only one of the two has.
std::vector<std::string> changed_names(const FolderEntries& before, const FolderEntries& now) {
  std::vector<std::string> names;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < before.count() || k < now.count()) {
    const std::string old_name = i < before.count() ? before.name(i) : std::string();
    const std::string new_name = k < now.count() ? now.name(k) : std::string();
    const bool only_before = k == now.count() || (i < before.count() && old_name < new_name);
    const bool only_now = !only_before && (i == before.count() || new_name < old_name);
    const bool differs = only_before || only_now || before.target(i) != now.target(k);
    if (differs) names.push_back(only_before ? old_name : new_name);
    if (!only_now) ++i;
    if (!only_before) ++k;
  }
  return names;
}

}  // namespace

Result<std::vector<std::string>> TreeImpl::switch_to(const lfs::Commit& commit) {
  const std::shared_ptr<const Snapshot> snapshot =
      TRY(loader_.open_snapshot(commit, options_.subdir));
  // Loading the old root first, if need be, means that there is something to compare with.
  Entries before = TRY(entries_of(kRootInode));
  const LoadedFolder loaded = TRY(loader_.load({.tree = snapshot->tree,
                                                .path = snapshot->path,
                                                .levels = snapshot->levels,
                                                .context = snapshot->context}));
  const std::unique_lock lock(mutex_);
  Entries now = build_entries(kRootFolder, loaded);
  std::vector<std::string> changed = changed_names(*before, *now);
  detach_root(*before, *now);
  Folder& root = folders_.at(kRootFolder);
  retired_.push_back(std::exchange(root.entries, std::move(now)));
  root.snapshot = snapshot;
  root.tree = snapshot->tree;
  root.rules = loaded.rules;
  root.context = loaded.context;
  before = nullptr;  // else it would count as a reader of the retired entries
  may_have_garbage_ = true;
  sweep();
  return changed;
}

// What the root had and will not have is hung on a folder that nobody can look up and that keeps
// the earlier commit: unloaded folders there need its .gitattributes, and commit_of() its id.
void TreeImpl::detach_root(const FolderEntries& before, const FolderEntries& now) {
  const FolderIndex earlier_index = folders_.add(0, 0);
  Folder& earlier = folders_.at(earlier_index);
  const Folder& root = folders_.at(kRootFolder);
  earlier.snapshot = root.snapshot;
  earlier.tree = root.tree;
  earlier.rules = root.rules;
  earlier.context = root.context;

  std::vector<EntryTarget> kept;
  for (std::size_t i = 0; i < now.count(); ++i) kept.push_back(now.target(i));
  const auto order = [](EntryTarget a, EntryTarget b) {
    return std::pair(a.is_folder(), a.index()) < std::pair(b.is_folder(), b.index());
  };
  std::ranges::sort(kept, order);
  for (std::size_t i = 0; i < before.count(); ++i) {
    const EntryTarget target = before.target(i);
    if (std::ranges::binary_search(kept, target, order)) continue;
    if (target.is_folder()) {
      folders_.at(target.index()).parent = earlier_index;
    } else if (contents_.folder(target.index()) == kRootFolder) {
      contents_.set_folder(target.index(), earlier_index);
    }
  }
}

// What lives, found from the folders that live for themselves.
class TreeImpl::Marker {
 public:
  Marker(FolderTable& folders, const ContentTable& contents)
      : folders_(folders), contents_(contents.end()) {}

  // `index` and all that is loaded below it.
  void mark_below(FolderIndex index) {
    pending_.push_back(index);
    drain();
  }
  void mark_entries(const FolderEntries& entries) {
    add_entries(entries);
    drain();
  }

  // The folder and those above, for their commit, path and attributes.
  void mark_place(FolderIndex index) {
    for (;;) {
      Folder& folder = folders_.at(index);
      if (folder.mark == FolderMark::none) folder.mark = FolderMark::record;
      if (folder.parent == index) return;
      index = folder.parent;
    }
  }

  void mark_content(ContentTable::Index index) { contents_[index] = true; }
  bool lives(ContentTable::Index index) const { return contents_[index]; }

 private:
  void drain() {
    while (!pending_.empty()) {
      Folder& folder = folders_.at(pending_.back());
      pending_.pop_back();
      if (folder.mark == FolderMark::full) continue;
      folder.mark = FolderMark::full;
      if (folder.entries) add_entries(*folder.entries);
    }
  }

  void add_entries(const FolderEntries& entries) {
    for (std::size_t i = 0; i < entries.count(); ++i) {
      const EntryTarget target = entries.target(i);
      if (target.is_folder()) {
        pending_.push_back(target.index());
      } else {
        contents_[target.index()] = true;
      }
    }
  }

  FolderTable& folders_;
  std::vector<bool> contents_;
  std::vector<FolderIndex> pending_;
};

void TreeImpl::sweep() {
  Marker marker(folders_, contents_);
  mark_all(marker);

  for (FolderIndex index = 0; index < folders_.end(); ++index) {
    if (!folders_.is_used(index)) continue;
    Folder& folder = folders_.at(index);
    if (folder.mark == FolderMark::none) {
      folders_.erase(index);
      continue;
    }
    // Its entries may lead to what is freed now; it is loaded again should it be entered again.
    if (folder.mark == FolderMark::record) folder.entries = nullptr;
    folder.mark = FolderMark::none;
  }
  for (ContentTable::Index index = 0; index < contents_.end(); ++index) {
    if (!contents_.is_used(index)) continue;
    if (!marker.lives(index)) {
      contents_.erase(index);
      continue;
    }
    const FolderIndex folder = contents_.folder(index);
    if (folder != kNoFolder && !folders_.is_used(folder)) contents_.set_folder(index, kNoFolder);
  }
  dropped_.store(0, std::memory_order_relaxed);
}

void TreeImpl::mark_all(Marker& marker) {
  marker.mark_below(kRootFolder);
  totals_ = {};
  for (FolderIndex index = 0; index < folders_.end(); ++index) {
    if (!folders_.is_used(index)) continue;
    const Folder& folder = folders_.at(index);
    if (folder.mark == FolderMark::full && folder.entries) add_totals(*folder.entries, totals_);
  }
  std::erase_if(retired_, [](const Entries& entries) { return entries.use_count() == 1; });
  for (const Entries& entries : retired_) marker.mark_entries(*entries);
  for (FolderIndex index = 0; index < folders_.end(); ++index) {
    if (!folders_.is_used(index)) continue;
    const Folder& folder = folders_.at(index);
    const bool has_reader = folder.entries && folder.entries.use_count() > 1;
    if (folder.references.load() == 0 && !has_reader) continue;
    marker.mark_below(index);
    marker.mark_place(index);
  }
  for (ContentTable::Index index = 0; index < contents_.end(); ++index) {
    if (!contents_.is_used(index) || contents_.references(index) == 0) continue;
    marker.mark_content(index);
    if (contents_.folder(index) != kNoFolder) marker.mark_place(contents_.folder(index));
  }
}

void TreeImpl::sweep_when_due() {
  if (dropped_.load(std::memory_order_relaxed) < kDropsMin) return;
  {
    const std::shared_lock lock(mutex_);
    if (!may_have_garbage_) return;
    const std::size_t nodes = contents_.count() + folders_.count();
    if (dropped_.load(std::memory_order_relaxed) < nodes / kDropsShare) return;
  }
  const std::unique_lock lock(mutex_);
  sweep();
}

TreeImpl::Live TreeImpl::sweep_and_count() {
  const std::unique_lock lock(mutex_);
  sweep();
  Live live{.contents = contents_.count(), .folders = 0, .memory_bytes = contents_.memory_bytes()};
  for (FolderIndex index = 0; index < folders_.end(); ++index) {
    if (!folders_.is_used(index)) continue;
    ++live.folders;
    live.memory_bytes += sizeof(Folder);
    if (folders_.at(index).entries) live.memory_bytes += folders_.at(index).entries->memory_bytes();
  }
  return live;
}

}  // namespace lazylfs::fs
