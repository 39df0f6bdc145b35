// Loading folders. One flight a folder: whoever comes first reads it, the others wait for the same
// result. The reading happens without the lock; publish() then takes it once.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <malloc.h>

#include "fs/tree_impl.h"
#include "lfs/base/trace.h"

namespace lazylfs::fs {

namespace {

constexpr std::size_t kPreloadBlobs = 16384;  // asked of git at once
constexpr int kPreloadNice = 10;
constexpr std::size_t kEntriesPerTrim = 65536;

// Removes a flight also when the leader is left by an exception.
template <typename Function>
class AtExit {
 public:
  explicit AtExit(Function function) : function_(std::move(function)) {}
  AtExit(const AtExit&) = delete;
  AtExit& operator=(const AtExit&) = delete;
  ~AtExit() { function_(); }

 private:
  Function function_;
};

}  // namespace

// Null for a folder of refs.
Result<TreeImpl::Entries> TreeImpl::entries_of(InodeNumber folder) {
  {
    const std::shared_lock lock(mutex_);
    const Folder& found = folders_.at(TRY(find_folder(folder)));
    if (found.entries) return found.entries;
    if (found.kind == FolderKind::refs) return Entries();
  }
  LoadOutcome outcome = load(folder, Network::allowed);
  TRY(std::move(outcome.result));
  return std::move(outcome.entries);
}

bool TreeImpl::is_local(InodeNumber folder) {
  {
    const std::shared_lock lock(mutex_);
    const auto index = folders_.find(folder.value);
    if (!index || folders_.at(*index).entries) return true;
    if (folders_.at(*index).kind == FolderKind::refs) return true;
  }
  if (flights_.lock()->contains(folder.value)) return false;
  const LoadOutcome outcome = load(folder, Network::avoided);
  return !outcome.result || outcome.entries;  // an error is known without the network
}

TreeImpl::LoadOutcome TreeImpl::load(InodeNumber folder, Network network) {
  for (;;) {
    std::promise<LoadOutcome> promise;
    Flight flight;
    bool leads = false;
    {
      auto flights = flights_.lock();
      const auto [place, is_new] = flights->try_emplace(folder.value);
      if (is_new) place->second = promise.get_future().share();
      flight = place->second;
      leads = is_new;
    }
    if (leads) {
      const AtExit land([&] { flights_.lock()->erase(folder.value); });
      promise.set_value(load_as_leader(folder, network));
    }
    LoadOutcome outcome = flight.get();
    // Another's attempt that avoided the network says nothing to one who may use it.
    const bool gave_up = outcome.result && !outcome.entries;
    if (!gave_up || network == Network::avoided) return outcome;
  }
}

TreeImpl::LoadOutcome TreeImpl::load_as_leader(InodeNumber folder, Network network) {
  {
    // The flight before this one may have landed since the caller looked.
    const std::shared_lock lock(mutex_);
    const auto index = folders_.find(folder.value);
    if (index && folders_.at(*index).entries) {
      return {.result = {}, .entries = folders_.at(*index).entries, .missing = {}};
    }
  }
  const Result<FolderRequest> request = request_for(folder);
  if (!request) return {.result = request.error(), .entries = {}, .missing = {}};
  const Result<LoadedFolder> loaded =
      network == Network::allowed ? loader_.load(*request) : loader_.load_local(*request);
  if (!loaded) return {.result = loaded.error(), .entries = {}, .missing = {}};
  if (!loaded->missing.empty()) return {.result = {}, .entries = {}, .missing = loaded->missing};
  LoadOutcome outcome = publish(folder, *loaded);
  trim_when_due(loaded->entries.size());
  return outcome;
}

// What was read from Git lies between what is kept, and the allocator would keep the gaps: a third
// of the whole for a million files.
void TreeImpl::trim_when_due(std::size_t entries_loaded) {
  if (loaded_since_trim_.fetch_add(entries_loaded) + entries_loaded < kEntriesPerTrim) return;
  loaded_since_trim_.store(0);
  malloc_trim(0);
}

Result<FolderRequest> TreeImpl::request_for(InodeNumber ino) const {
  const std::shared_lock lock(mutex_);
  const FolderIndex index = TRY(find_folder(ino));
  const Folder& folder = folders_.at(index);
  const Snapshot& snapshot = folders_.snapshot_of(index);

  FolderRequest request{.tree = folder.tree, .path = {}, .levels = {}, .context = snapshot.context};
  const auto shown_path = [&](FolderIndex of) {
    const std::string below = folders_.path_of(of);
    if (snapshot.path.empty() || below.empty()) return snapshot.path + below;
    return snapshot.path + "/" + below;
  };
  request.path = shown_path(index);
  for (FolderIndex at = index; !folders_.at(at).snapshot;) {
    at = folders_.at(at).parent;
    if (at == folders_.at(index).parent) request.context = folders_.at(at).context;
    if (folders_.at(at).rules) request.levels.push_back({shown_path(at), folders_.at(at).rules});
  }
  request.levels.insert(request.levels.end(), snapshot.levels.rbegin(), snapshot.levels.rend());
  std::ranges::reverse(request.levels);
  return request;
}

TreeImpl::LoadOutcome TreeImpl::publish(InodeNumber ino, const LoadedFolder& loaded) {
  const std::unique_lock lock(mutex_);
  const Result<FolderIndex> index = find_folder(ino);
  if (!index) return {.result = index.error(), .entries = {}, .missing = {}};
  if (!folders_.at(*index).entries) {
    Entries entries = build_entries(*index, loaded);
    Folder& folder = folders_.at(*index);
    folder.entries = std::move(entries);
    folder.rules = loaded.rules;
    folder.context = loaded.context;
    if (&folders_.snapshot_of(*index) == folders_.at(kRootFolder).snapshot.get()) {
      add_totals(*folder.entries, totals_);
    }
  }
  return {.result = {}, .entries = folders_.at(*index).entries, .missing = {}};
}

EntryTarget TreeImpl::build_target(FolderIndex parent, const LoadedFolder& loaded,
                                   const LoadedEntry& entry) {
  if (entry.kind != lfs::EntryKind::folder && entry.kind != lfs::EntryKind::submodule) {
    return EntryTarget::content(contents_.intern(entry.content, entry.wanted_ino));
  }
  const bool is_submodule = entry.kind == lfs::EntryKind::submodule;
  const FolderIndex index =
      folders_.intern({.kind = is_submodule ? FolderKind::submodule : FolderKind::tree,
                       .oid = entry.oid,
                       .parent_ino = folders_.at(parent).ino,
                       .name = entry.name,
                       .context = loaded.context},
                      parent);
  folders_.at(index).parent = parent;  // it may have hung on an earlier commit's root
  if (is_submodule && !folders_.at(index).entries) {
    folders_.at(index).entries = std::make_shared<const FolderEntries>();
  }
  return EntryTarget::folder(index);
}

FolderIndex TreeImpl::refs_folder() {
  const FolderIndex index = folders_.intern({.kind = FolderKind::refs,
                                             .oid = {},
                                             .parent_ino = kRootInode.value,
                                             .name = std::string(kRefsFolderName),
                                             .context = 0},
                                            kRootFolder);
  folders_.at(index).parent = kRootFolder;
  return index;
}

TreeImpl::Entries TreeImpl::build_entries(FolderIndex parent, const LoadedFolder& loaded) {
  struct Child {
    std::string_view name;
    const LoadedEntry* entry;  // null: the folder of refs
  };
  const bool has_refs = parent == kRootFolder && options_.all_refs;
  std::vector<Child> children;
  children.reserve(loaded.entries.size() + 1);
  for (const LoadedEntry& entry : loaded.entries) {
    if (!has_refs || entry.name != kRefsFolderName) children.push_back({entry.name, &entry});
  }
  if (has_refs) {
    const auto place = std::ranges::lower_bound(children, kRefsFolderName, {}, &Child::name);
    children.insert(place, {kRefsFolderName, nullptr});
  }
  std::vector<std::string_view> names;
  names.reserve(children.size());
  for (const Child& child : children) names.push_back(child.name);

  auto entries = std::make_shared<FolderEntries>(names);
  for (const Child& child : children) {
    entries->add(child.name, child.entry != nullptr ? build_target(parent, loaded, *child.entry)
                                                    : EntryTarget::folder(refs_folder()));
  }
  return entries;
}

void TreeImpl::add_totals(const FolderEntries& entries, Totals& totals) const {
  for (std::size_t i = 0; i < entries.count(); ++i) {
    const EntryTarget target = entries.target(i);
    if (target.is_folder()) {
      ++totals.folders;
    } else {
      ++totals.files;
      totals.bytes += contents_.info(target.index()).size;
    }
  }
}

// Level by level, so that a blobless clone asks for the blobs of many folders at once.
void TreeImpl::preload(const std::function<bool()>& stop) {
  // This thread only; the mount's other threads keep their priority.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kPreloadNice);
  std::vector<InodeNumber> level{kRootInode};
  while (!level.empty() && !stop()) level = load_level(level, stop);
}

// The folders in the folders of `level`.
std::vector<InodeNumber> TreeImpl::load_level(const std::vector<InodeNumber>& level,
                                              const std::function<bool()>& stop) {
  std::vector<InodeNumber> below;
  std::vector<InodeNumber> waiting;
  std::vector<lfs::GitOid> missing;
  const auto descend = [&](const Entries& entries) {
    const std::shared_lock lock(mutex_);
    for (std::size_t i = 0; i < entries->count(); ++i) {
      const EntryTarget target = entries->target(i);
      if (!target.is_folder()) continue;
      const Folder& folder = folders_.at(target.index());
      if (folder.kind == FolderKind::tree) below.push_back({folder.ino});
    }
  };
  const auto fetch = [&] {
    const Result<void> fetched = repository_.fetch_missing(missing);
    if (!fetched) log_line(LogLevel::warning, "preload: " + fetched.error().message());
    for (const InodeNumber ino : waiting) {
      if (!fetched || stop()) break;
      const LoadOutcome outcome = load(ino, Network::allowed);
      if (outcome.entries) descend(outcome.entries);
    }
    waiting.clear();
    missing.clear();
  };
  for (const InodeNumber ino : level) {
    if (stop()) return {};
    LoadOutcome outcome = load(ino, Network::avoided);
    if (outcome.entries) {
      descend(outcome.entries);
    } else if (outcome.result) {
      waiting.push_back(ino);
      missing.insert(missing.end(), outcome.missing.begin(), outcome.missing.end());
      if (missing.size() >= kPreloadBlobs) fetch();
    } else {
      log_line(LogLevel::warning, "preload: " + outcome.result.error().message());
    }
  }
  if (!waiting.empty() && !stop()) fetch();
  return below;
}

}  // namespace lazylfs::fs
