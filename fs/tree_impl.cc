#include "fs/tree_impl.h"

#include <cstring>
#include <utility>

#include "lfs/pointer/pointer.h"

namespace lazylfs::fs {

namespace {

constexpr std::size_t kEntriesPerLock = 64;
constexpr std::size_t kLinkBytesMax = 4096;

Error no_such_inode(InodeNumber ino) {
  return Error(Errc::not_found, "no inode " + std::to_string(ino.value));
}

}  // namespace

TreeImpl::TreeImpl(const lfs::Repository& repository, TreeOptions options)
    : repository_(repository),
      options_(std::move(options)),
      loader_(repository),
      refs_(repository) {}

Attributes TreeImpl::content_attributes(ContentTable::Index index, std::int64_t mtime) const {
  const ContentInfo info = contents_.info(index);
  return {.ino = {contents_.ino(index)}, .kind = info.kind, .size = info.size, .mtime = mtime};
}

Attributes TreeImpl::folder_attributes(FolderIndex index) const {
  const Folder& folder = folders_.at(index);
  const bool is_submodule = folder.kind == FolderKind::submodule;
  return {.ino = {folder.ino},
          .kind = is_submodule ? lfs::EntryKind::submodule : lfs::EntryKind::folder,
          .size = 0,
          .mtime = folders_.snapshot_of(index).commit.time};
}

Attributes TreeImpl::attributes_of(EntryTarget target) const {
  if (target.is_folder()) return folder_attributes(target.index());
  const FolderIndex folder = contents_.folder(target.index());
  const FolderIndex shown_in = folder == kNoFolder ? kRootFolder : folder;
  return content_attributes(target.index(), folders_.snapshot_of(shown_in).commit.time);
}

std::optional<EntryTarget> TreeImpl::find(InodeNumber ino) const {
  if (ino == kRootInode || (ino.value & kFolderInoBit) != 0) {
    const auto folder = folders_.find(ino.value);
    if (folder) return EntryTarget::folder(*folder);
    return std::nullopt;
  }
  const auto content = contents_.find(ino.value);
  if (content) return EntryTarget::content(*content);
  return std::nullopt;
}

Result<FolderIndex> TreeImpl::find_folder(InodeNumber ino) const {
  const auto folder = folders_.find(ino.value);
  if (!folder) return no_such_inode(ino);
  return *folder;
}

void TreeImpl::count_reference(EntryTarget target) const {
  if (target.is_folder()) {
    folders_.at(target.index()).references.fetch_add(1, std::memory_order_relaxed);
  } else {
    contents_.add_reference(target.index());
  }
}

Result<Attributes> TreeImpl::lookup(InodeNumber parent, std::string_view name) {
  // A folder that is not loaded is found loaded the second time round.
  for (;;) {
    {
      const std::shared_lock lock(mutex_);
      const FolderIndex index = TRY(find_folder(parent));
      const Entries& entries = folders_.at(index).entries;
      if (entries) {
        const auto target = entries->find(name);
        if (!target) return Error(Errc::not_found, "no such file or folder");
        count_reference(*target);
        if (target->is_folder()) return folder_attributes(target->index());
        contents_.set_folder(target->index(), index);
        return content_attributes(target->index(), folders_.snapshot_of(index).commit.time);
      }
    }
    if (TRY(entries_of(parent)) == nullptr) return lookup_ref(parent, name);
  }
}

void TreeImpl::remember(InodeNumber ino) {
  const std::shared_lock lock(mutex_);
  const auto target = find(ino);
  if (target) count_reference(*target);
}

void TreeImpl::forget(InodeNumber ino, std::uint64_t count) {
  if (ino == kRootInode) return;
  bool was_last = false;
  {
    const std::shared_lock lock(mutex_);
    const auto target = find(ino);
    if (!target) return;
    if (target->is_folder()) {
      std::atomic<std::uint32_t>& references = folders_.at(target->index()).references;
      std::uint32_t before = references.load();
      std::uint32_t after = 0;
      do {
        after = count >= before ? 0 : before - static_cast<std::uint32_t>(count);
      } while (!references.compare_exchange_weak(before, after));
      was_last = after == 0;
    } else {
      was_last = !contents_.drop_references(target->index(), count);
    }
  }
  if (!was_last) return;
  dropped_.fetch_add(1, std::memory_order_relaxed);
  sweep_when_due();
}

bool TreeImpl::is_changing(InodeNumber folder) {
  const std::shared_lock lock(mutex_);
  const auto index = folders_.find(folder.value);
  return index && folders_.at(*index).kind == FolderKind::refs;
}

Result<Attributes> TreeImpl::attributes(InodeNumber ino) {
  const std::shared_lock lock(mutex_);
  const auto target = find(ino);
  if (!target) return no_such_inode(ino);
  return attributes_of(*target);
}

// Entries are copied out a few at a time, so that the callback runs without the lock and may call
// the tree. Their targets stay: `entries` is held, which sweep() respects.
Result<void> TreeImpl::read_folder(
    InodeNumber folder, std::uint64_t offset,
    const std::function<bool(std::string_view, const Attributes&, std::uint64_t)>& entry) {
  const Entries entries = TRY(entries_of(folder));
  if (!entries) return read_refs(folder, offset, entry);

  std::string name;
  std::array<Attributes, kEntriesPerLock> batch;
  while (offset < entries->count()) {
    const std::size_t count = std::min<std::size_t>(batch.size(), entries->count() - offset);
    {
      const std::shared_lock lock(mutex_);
      const FolderIndex index = TRY(find_folder(folder));
      const std::int64_t mtime = folders_.snapshot_of(index).commit.time;
      for (std::size_t i = 0; i < count; ++i) {
        const EntryTarget target = entries->target(offset + i);
        if (target.is_folder()) {
          batch[i] = folder_attributes(target.index());
        } else {
          batch[i] = content_attributes(target.index(), mtime);
          contents_.set_folder(target.index(), index);
        }
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      entries->get_name(offset, name);
      if (!entry(name, batch[i], offset + 1)) return {};
      ++offset;
    }
  }
  return {};
}

Result<std::string> TreeImpl::read_link(InodeNumber ino) {
  ContentInfo info;
  {
    const std::shared_lock lock(mutex_);
    const auto index = contents_.find(ino.value);
    if (!index) return no_such_inode(ino);
    info = contents_.info(*index);
  }
  if (info.kind != lfs::EntryKind::symlink) return Error(Errc::invalid, "not a symbolic link");
  std::string target = TRY(repository_.read_blob(info.blob, kLinkBytesMax));
  target.resize(std::min(target.find('\0'), target.size()));  // as symlink(2) would cut it
  return target;
}

Result<Content> TreeImpl::content(InodeNumber ino) {
  ContentInfo info;
  {
    const std::shared_lock lock(mutex_);
    const auto index = contents_.find(ino.value);
    if (!index) return no_such_inode(ino);
    info = contents_.info(*index);
  }
  Content content{.is_lfs = info.is_lfs, .object = {}, .blob = info.blob, .size = info.size};
  if (info.is_lfs) content.object = {TRY(object_of(info.blob)), info.size};
  return content;
}

Result<Oid> TreeImpl::object_of(const lfs::GitOid& pointer_blob) {
  std::uint64_t hash = 0;
  std::memcpy(&hash, pointer_blob.bytes.data(), sizeof hash);
  const std::size_t slot = hash % kKnownObjects;
  {
    auto objects = objects_.lock();
    if ((*objects)[slot].blob == pointer_blob) return (*objects)[slot].object;
  }
  const std::string text = TRY(repository_.read_blob(pointer_blob, lfs::kPointerBytesMax));
  const lfs::Pointer pointer = TRY(lfs::parse_pointer(text));
  auto objects = objects_.lock();
  (*objects)[slot] = {pointer_blob, pointer.oid};
  return pointer.oid;
}

lfs::Commit TreeImpl::commit_of(InodeNumber ino) {
  const std::shared_lock lock(mutex_);
  FolderIndex shown_in = kRootFolder;
  if (const auto target = find(ino)) {
    const FolderIndex folder =
        target->is_folder() ? target->index() : contents_.folder(target->index());
    if (folder != kNoFolder) shown_in = folder;
  }
  return folders_.snapshot_of(shown_in).commit;
}

InodeNumber TreeImpl::parent_of(InodeNumber folder) {
  const std::shared_lock lock(mutex_);
  const auto index = folders_.find(folder.value);
  if (!index) return kRootInode;
  const std::uint64_t parent = folders_.at(folders_.at(*index).parent).ino;
  return parent == 0 ? kRootInode : InodeNumber{parent};  // an earlier commit's root has no number
}

std::vector<Sibling> TreeImpl::siblings(InodeNumber ino, std::size_t count_max) {
  struct Found {
    InodeNumber ino;
    ContentInfo info;
  };
  std::vector<Found> found;
  {
    const std::shared_lock lock(mutex_);
    const auto self = contents_.find(ino.value);
    const FolderIndex folder = self ? contents_.folder(*self) : kRootFolder;
    if (folder == kNoFolder || !folders_.at(folder).entries) return {};
    const FolderEntries& entries = *folders_.at(folder).entries;
    const std::optional<EntryTarget> own =
        self ? std::optional(EntryTarget::content(*self)) : std::nullopt;
    const auto collect = [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to && found.size() < count_max; ++i) {
        const EntryTarget target = entries.target(i);
        if (target.is_folder() || target == own) continue;
        const ContentInfo info = contents_.info(target.index());
        if (info.is_lfs) found.push_back({{contents_.ino(target.index())}, info});
      }
    };
    std::size_t position = 0;
    while (position < entries.count() && entries.target(position) != own) ++position;
    collect(position + 1, entries.count());
    if (found.empty()) collect(0, std::min(position, entries.count()));
  }
  std::vector<Sibling> siblings;
  for (const Found& file : found) {
    const Result<Oid> object = object_of(file.info.blob);
    if (object) siblings.push_back({file.ino, {*object, file.info.size}});
  }
  return siblings;
}

Tree::Totals TreeImpl::totals() {
  const std::shared_lock lock(mutex_);
  return totals_;
}

}  // namespace lazylfs::fs
