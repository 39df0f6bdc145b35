// Git answers the same question with `rev-list --objects`: commits newest first, the trees of those
// at the edge marked as known, then each tree in turn, and no object twice. The order matters,
// since the path that a pointer is reported with is the first one met.
#include "lfs/scan/history_scan.h"

#include <algorithm>
#include <unordered_set>

#include "lfs/git/history.h"

namespace lazylfs::lfs {
namespace {

using OidSet = std::unordered_set<GitOid, GitOidHash>;

class HistoryScan {
 public:
  HistoryScan(const Repository& repository, bool fetch_missing_blobs,
              const std::function<Result<void>(PointerFile)>& found,
              const std::function<void(const std::string&)>& other)
      : repository_(repository),
        fetch_missing_blobs_(fetch_missing_blobs),
        found_(found),
        other_(other) {}

  Result<void> run(const HistoryRange& range) {
    const CommitWalk walk = TRY(walk_commits(repository_, {range.include, range.exclude}));
    for (const GitOid& edge : walk.edges) {
      const Result<CommitObject> commit = repository_.read_commit(edge);
      if (commit) TRY(scan(commit->commit.tree, false));
    }
    for (const CommitObject& commit : walk.commits) TRY(scan(commit.commit.tree, true));
    return fetch_missing_blobs_ ? scan_missing() : Result<void>();
  }

 private:
  struct Folder {
    std::string path;
    std::vector<TreeEntry> entries;
    std::size_t next = 0;
  };

  // Meets everything in a tree that was not met before; tells of pointers when `telling`.
  Result<void> scan(const GitOid& tree, bool telling) {
    if (!seen_.insert(tree).second) return {};
    std::vector<Folder> stack;
    stack.push_back({"", TRY(read_tree(tree, telling))});
    while (!stack.empty()) {
      Folder& folder = stack.back();
      if (folder.next == folder.entries.size()) {
        stack.pop_back();
        continue;
      }
      const TreeEntry& entry = folder.entries[folder.next++];
      if (entry.kind == EntryKind::submodule || !seen_.insert(entry.oid).second) continue;
      if (entry.kind == EntryKind::folder) {
        std::string path = telling ? folder.path + entry.name + '/' : std::string();
        std::vector<TreeEntry> entries = TRY(read_tree(entry.oid, telling));
        stack.push_back({std::move(path), std::move(entries)});
      } else if (telling && entry.kind != EntryKind::symlink) {
        TRY(judge({folder.path + entry.name, entry.oid, entry.kind}));
      }
    }
    return {};
  }

  // What the other side has is a help, not a need: it may be missing here.
  Result<std::vector<TreeEntry>> read_tree(const GitOid& tree, bool needed) {
    Result<std::vector<TreeEntry>> entries = repository_.read_tree(tree);
    if (!entries && !needed && entries.error().code() == Errc::not_found) {
      return std::vector<TreeEntry>();
    }
    return entries;
  }

  Result<void> judge(BlobEntry entry) {
    const SmallBlob blob = TRY(repository_.read_small_blob(entry.oid, kPointerBytesMax - 1));
    if (blob.header.missing && fetch_missing_blobs_) missing_.push_back(std::move(entry));
    Result<Pointer> pointer = blob.content ? parse_pointer(*blob.content)
                                           : Error(Errc::not_found, "too long for a pointer");
    if (!pointer) {
      if (other_) other_(entry.path);
      return {};
    }
    return found_({std::move(entry.path), entry.oid, std::move(*pointer)});
  }

  Result<void> scan_missing() {
    for (PointerFile& file : TRY(read_pointers(repository_, std::move(missing_)))) {
      TRY(found_(std::move(file)));
    }
    return {};
  }

  const Repository& repository_;
  const bool fetch_missing_blobs_;
  const std::function<Result<void>(PointerFile)>& found_;
  const std::function<void(const std::string&)>& other_;
  OidSet seen_;
  std::vector<BlobEntry> missing_;
};

// Two trees side by side, only where they differ.
class TreeDiff {
 public:
  explicit TreeDiff(const Repository& repository) : repository_(repository) {}

  Result<std::vector<PathChange>> run(const GitOid& before, const GitOid& after) {
    pending_.push_back({"", before, after});
    while (!pending_.empty()) {
      const Pair pair = std::move(pending_.back());
      pending_.pop_back();
      TRY(compare(pair));
    }
    std::sort(changes_.begin(), changes_.end(),
              [](const PathChange& a, const PathChange& b) { return a.path < b.path; });
    return std::move(changes_);
  }

 private:
  struct Pair {
    std::string path;
    GitOid before, after;
  };

  Result<std::vector<TreeEntry>> entries_of(const GitOid& tree) {
    if (tree.is_zero()) return std::vector<TreeEntry>();
    std::vector<TreeEntry> entries = TRY(repository_.read_tree(tree));
    std::sort(entries.begin(), entries.end(),
              [](const TreeEntry& a, const TreeEntry& b) { return a.name < b.name; });
    return entries;
  }

  Result<void> compare(const Pair& pair) {
    const std::vector<TreeEntry> before = TRY(entries_of(pair.before));
    const std::vector<TreeEntry> after = TRY(entries_of(pair.after));
    auto a = before.begin();
    auto b = after.begin();
    while (a != before.end() || b != after.end()) {
      const bool take_a = b == after.end() || (a != before.end() && a->name <= b->name);
      const bool take_b = a == before.end() || (b != after.end() && b->name <= a->name);
      note(pair.path, take_a ? &*a : nullptr, take_b ? &*b : nullptr);
      if (take_a) ++a;
      if (take_b) ++b;
    }
    return {};
  }

  void note(const std::string& folder, const TreeEntry* before, const TreeEntry* after) {
    if (before != nullptr && after != nullptr && before->oid == after->oid) return;
    const std::string path = folder + (before != nullptr ? before->name : after->name);
    const auto oid_if = [](const TreeEntry* entry, bool folders) {
      const bool is_folder = entry != nullptr && entry->kind == EntryKind::folder;
      const bool is_submodule = entry != nullptr && entry->kind == EntryKind::submodule;
      const bool wanted = entry != nullptr && is_folder == folders && !is_submodule;
      return wanted ? entry->oid : GitOid{};
    };
    const Pair folders{path + '/', oid_if(before, true), oid_if(after, true)};
    if (!folders.before.is_zero() || !folders.after.is_zero()) pending_.push_back(folders);
    PathChange files{path, oid_if(before, false), oid_if(after, false)};
    if (!files.before.is_zero() || !files.after.is_zero()) changes_.push_back(std::move(files));
  }

  const Repository& repository_;
  std::vector<Pair> pending_;
  std::vector<PathChange> changes_;
};

}  // namespace

Result<void> scan_history(const Repository& repository, const HistoryRange& range,
                          bool fetch_missing_blobs,
                          const std::function<Result<void>(PointerFile)>& found,
                          const std::function<void(const std::string&)>& other) {
  return HistoryScan(repository, fetch_missing_blobs, found, other).run(range);
}

Result<std::vector<PathChange>> changes_of(const Repository& repository,
                                           const CommitObject& commit) {
  if (commit.parents.size() > 1) return std::vector<PathChange>();
  GitOid before;
  if (!commit.parents.empty()) {
    const Result<CommitObject> parent = repository.read_commit(commit.parents[0]);
    if (parent) before = parent->commit.tree;
  }
  return TreeDiff(repository).run(before, commit.commit.tree);
}

Result<std::vector<PathChange>> changes_between(const Repository& repository, const GitOid& before,
                                                const GitOid& after) {
  return TreeDiff(repository).run(before, after);
}

}  // namespace lazylfs::lfs
