// The one implementation of Tree. Include fs/tree.h instead, except in tests.
//
// Locks, none of which is held while Git is asked or a callback runs:
//   mutex_     the tables. Shared: look-ups, and counting (the counts are atomic). Exclusive:
//              publishing a loaded folder, switching, sweeping.
//   flights_, objects_ and the refs' cache: leaves; nothing is locked while one of them is held,
//              and none is taken while mutex_ is held.
//
// Lifetimes. Entries of the shown commit stay. Everything else (earlier commits, .at) lives while
// the kernel refers to it, or a reader is in it; sweep() frees the rest, after a switch and when
// enough references have been dropped, by marking from what lives.
#pragma once

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fs/content_table.h"
#include "fs/folder.h"
#include "fs/folder_loader.h"
#include "fs/ref_folder.h"
#include "fs/tree.h"
#include "lfs/base/guarded.h"

namespace lazylfs::fs {

class TreeImpl final : public Tree {
 public:
  // As Tree::open(). Loads nothing yet.
  static Result<std::unique_ptr<TreeImpl>> open(const lfs::Repository& repository,
                                                const lfs::Commit& commit, TreeOptions options);

  Result<Attributes> lookup(InodeNumber parent, std::string_view name) override;
  void forget(InodeNumber ino, std::uint64_t count) override;
  bool is_local(InodeNumber folder) override;
  bool is_changing(InodeNumber folder) override;
  Result<Attributes> attributes(InodeNumber ino) override;
  Result<void> read_folder(InodeNumber folder, std::uint64_t offset,
                           const std::function<bool(std::string_view, const Attributes&,
                                                    std::uint64_t)>& entry) override;
  void remember(InodeNumber ino) override;
  Result<std::string> read_link(InodeNumber ino) override;
  Result<Content> content(InodeNumber ino) override;
  lfs::Commit commit_of(InodeNumber ino) override;
  InodeNumber parent_of(InodeNumber folder) override;
  std::vector<Sibling> siblings(InodeNumber ino, std::size_t count_max) override;
  Result<std::vector<std::string>> switch_to(const lfs::Commit& commit) override;
  void preload(const std::function<bool()>& stop) override;
  Totals totals() override;

  // For tests and benchmarks: what is in memory, after a sweep.
  struct Live {
    std::size_t contents = 0, folders = 0;
    std::size_t memory_bytes = 0;  // of contents and entries
  };
  Live sweep_and_count();

 private:
  using Entries = std::shared_ptr<const FolderEntries>;
  enum class Network { allowed, avoided };
  // How an attempt to load a folder ended: `entries` is null, without error, when the network was
  // to be avoided and is needed.
  struct LoadOutcome {
    Result<void> result;
    Entries entries;
    std::vector<lfs::GitOid> missing;
  };
  using Flight = std::shared_future<LoadOutcome>;
  class Marker;

  TreeImpl(const lfs::Repository& repository, TreeOptions options);

  // tree_impl.cc; the callers hold mutex_.
  Attributes attributes_of(EntryTarget target) const;
  Attributes content_attributes(ContentTable::Index index, std::int64_t mtime) const;
  Attributes folder_attributes(FolderIndex index) const;
  std::optional<EntryTarget> find(InodeNumber ino) const;
  Result<FolderIndex> find_folder(InodeNumber ino) const;
  void count_reference(EntryTarget target) const;
  Result<Oid> object_of(const lfs::GitOid& pointer_blob);

  // tree_loading.cc
  Result<Entries> entries_of(InodeNumber folder);
  LoadOutcome load(InodeNumber folder, Network network);
  LoadOutcome load_as_leader(InodeNumber folder, Network network);
  void trim_when_due(std::size_t entries_loaded);
  Result<FolderRequest> request_for(InodeNumber ino) const;
  LoadOutcome publish(InodeNumber ino, const LoadedFolder& loaded);
  FolderIndex refs_folder();
  Entries build_entries(FolderIndex parent, const LoadedFolder& loaded);
  EntryTarget build_target(FolderIndex parent, const LoadedFolder& loaded,
                           const LoadedEntry& entry);
  void add_totals(const FolderEntries& entries, Totals& totals) const;
  std::vector<InodeNumber> load_level(const std::vector<InodeNumber>& level,
                                      const std::function<bool()>& stop);

  // tree_switch.cc; the callers hold mutex_ exclusively.
  void detach_root(const FolderEntries& before, const FolderEntries& now);
  void mark_all(Marker& marker);
  void sweep();
  void sweep_when_due();  // takes mutex_ itself

  // tree_refs.cc
  Result<Attributes> lookup_ref(InodeNumber folder, std::string_view name);
  Result<FolderIndex> enter_ref(InodeNumber folder, std::string_view name);
  Result<FolderIndex> enter_commit(InodeNumber folder, const lfs::Commit& commit,
                                   std::string_view name);
  Result<FolderIndex> hold(InodeNumber parent, FolderIdentity identity,
                           std::shared_ptr<const Snapshot> snapshot);
  Result<void> read_refs(
      InodeNumber folder, std::uint64_t offset,
      const std::function<bool(std::string_view, const Attributes&, std::uint64_t)>& entry);
  Result<std::string> ref_path(InodeNumber folder) const;

  const lfs::Repository& repository_;
  const TreeOptions options_;
  const FolderLoader loader_;
  const RefSource refs_;

  mutable std::shared_mutex mutex_;
  FolderTable folders_;
  ContentTable contents_;
  std::vector<Entries> retired_;  // of earlier roots: readers may still be in them
  Totals totals_;
  bool may_have_garbage_ = false;
  std::atomic<std::size_t> dropped_{0};  // nodes whose last reference went since the last sweep

  std::atomic<std::size_t> loaded_since_trim_{0};
  Guarded<std::unordered_map<std::uint64_t, Flight>> flights_;

  // The LFS OIDs of pointers read lately, placed by their blob's id.
  struct KnownObject {
    lfs::GitOid blob;
    Oid object;
  };
  static constexpr std::size_t kKnownObjects = 1024;
  Guarded<std::vector<KnownObject>> objects_{std::vector<KnownObject>(kKnownObjects)};
};

inline constexpr FolderIndex kRootFolder = 0;
inline constexpr std::string_view kRefsFolderName = ".at";

}  // namespace lazylfs::fs
