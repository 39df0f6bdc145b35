// Trees are walked with a memory: a tree or a pointer that was kept already is not looked at again,
// so a hundred branches cost little more than one. Blobs are gathered first and read many at a
// time, on several threads.
//
// What is unpushed is found commit by commit, each compared to its parent, since a file may come
// and go between two pushes. A merge is compared to all of its parents: what it has that no parent
// has was made in the merge.
#include "lfs/upkeep/retention.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "lfs/attributes/path_filter.h"
#include "lfs/base/files.h"
#include "lfs/base/handle.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/git/config.h"
#include "lfs/git/history.h"
#include "lfs/git/index.h"
#include "lfs/scan/history_scan.h"
#include "lfs/scan/pointer_scan.h"
#include "lfs/scan/recent.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kBlobsAtOnce = 50000;
constexpr std::size_t kHeadBytesMax = 8192;
constexpr std::int64_t kSecondsPerDay = 24 * 60 * 60;
constexpr const char* kStashRef = "refs/stash";

using OidSet = std::unordered_set<GitOid, GitOidHash>;

PathFilter exclude_filter(const Config& config) {
  const std::string no_include;
  return PathFilter::from(config, &no_include, nullptr, true);
}

// A work tree's private files.
struct WorkTreeState {
  std::string index;
  std::optional<Commit> head;  // none before the first commit
};

class Retention {
 public:
  Retention(const Repository& repository, const RetentionOptions& options)
      : repository_(repository), options_(options), filter_(exclude_filter(repository.config())) {}

  Result<std::unordered_set<Oid>> run() {
    // Without it nothing can be told: a branch may be unborn or, after an accident, unreadable.
    const Result<Commit> head = repository_.resolve_commit("HEAD");
    if (!head && (!options_.unborn_allowed || is_known_to_git("HEAD"))) {
      return Error(head.error().code(), "Git can't resolve ref: \"HEAD\"");
    }
    TRY(find_work_trees(head ? std::optional<Commit>(*head) : std::nullopt));
    if (options_.current) {
      for (const WorkTreeState& work_tree : work_trees_) {
        if (work_tree.head) TRY(keep_tree(work_tree.head->tree));
      }
    }
    for (const GitOid& commit : options_.in_use) {
      const Result<CommitObject> object = repository_.read_commit(commit);
      if (object) TRY(keep_tree(object->commit.tree));
    }
    if (options_.recent) TRY(keep_recent(head ? &*head : nullptr));
    TRY(keep_unpushed());
    TRY(keep_stashes());
    for (const WorkTreeState& work_tree : work_trees_) TRY(keep_staged(work_tree));
    TRY(read_waiting());
    return std::move(kept_);
  }

 private:
  Result<void> keep_blob(std::string path, const GitOid& blob) {
    if (!blobs_.insert(blob).second) return {};
    waiting_.push_back({std::move(path), blob, EntryKind::file});
    return waiting_.size() < kBlobsAtOnce ? Result<void>() : read_waiting();
  }

  Result<void> read_waiting() {
    for (const PointerFile& file : TRY(read_pointers(repository_, std::move(waiting_)))) {
      kept_.insert(file.pointer.oid);
    }
    waiting_.clear();
    return {};
  }

  // What the filter allows of a tree. Without a filter the place of a sub-tree does not matter.
  Result<void> keep_tree(const GitOid& root) {
    if (!roots_.insert(root).second) return {};
    return walk_tree(
        repository_, root,
        [&](BlobEntry blob) -> Result<void> {
          const bool wanted = filter_.empty() || filter_.allows(blob.path);
          if (!wanted || !is_file(blob.kind)) return {};
          return keep_blob(std::move(blob.path), blob.oid);
        },
        [&](const std::string& /*path*/, const GitOid& tree) {
          return !filter_.empty() || folders_.insert(tree).second;
        });
  }

  Result<void> keep_recent(const Commit* head) {
    const Config& config = repository_.config();
    const std::int64_t offset = config.get_int("lfs.pruneoffsetdays", 3);
    const std::int64_t ref_days = config.get_int("lfs.fetchrecentrefsdays", 7);
    std::vector<Commit> tips;
    if (head != nullptr) tips.push_back(*head);
    if (ref_days > 0) {
      TRACE(TraceArea::general, "PRUNE: Retaining non-HEAD refs within "
                                    << ref_days + offset << " (" << ref_days << "+" << offset
                                    << ") days");
      const std::int64_t since = days_before(options_.now, ref_days + offset);
      for (const RecentRef& ref : TRY(recent_refs(
               repository_, since, config.get_bool("lfs.fetchrecentremoterefs", true), ""))) {
        TRY(keep_tree(ref.commit.tree));
        tips.push_back(ref.commit);
      }
    }
    const std::int64_t commit_days = config.get_int("lfs.fetchrecentcommitsdays", 0);
    if (commit_days <= 0) return {};
    OidSet seen;
    for (const Commit& tip : tips) {
      if (!seen.insert(tip.oid).second) continue;
      TRY(keep_replaced(tip.oid, tip.time - (commit_days + offset) * kSecondsPerDay));
    }
    return {};
  }

  // What commits since then, reachable from `tip`, replaced or removed.
  Result<void> keep_replaced(const GitOid& tip, std::int64_t since) {
    WalkOptions walk;
    walk.include = {tip};
    walk.not_before = since;
    for (const CommitObject& commit : TRY(walk_commits(repository_, walk)).commits) {
      if (!compared_.insert(commit.commit.oid).second) continue;
      for (PathChange& change : TRY(changes_of(repository_, commit))) {
        const bool replaced = !change.before.is_zero() && change.before != change.after;
        if (!replaced || !filter_.allows(change.path)) continue;
        TRY(keep_blob(std::move(change.path), change.before));
      }
    }
    return {};
  }

  Result<void> keep_unpushed() {
    WalkOptions walk;
    const std::string pushed = "refs/remotes/" + prune_remote(repository_.config()) + '/';
    for (const RefName& ref : repository_.refs()) {
      if (ref.name.starts_with(pushed)) {
        walk.exclude.push_back(ref.target);
      } else if (!ref.name.starts_with("refs/remotes/")) {
        walk.include.push_back(ref.target);
      }
    }
    // Upstream looks at branches and tags alone; a detached HEAD may have the only way to a commit.
    for (const WorkTreeState& work_tree : work_trees_) {
      if (work_tree.head) walk.include.push_back(work_tree.head->oid);
    }
    for (const GitOid& commit : options_.in_use) walk.include.push_back(commit);
    TRACE(TraceArea::general, "run_command: git log --branches --tags --not --remotes="
                                  << prune_remote(repository_.config()));
    for (const CommitObject& commit : TRY(walk_commits(repository_, walk)).commits) {
      TRY(keep_additions(commit));
    }
    return {};
  }

  // What the commit has and none of its parents.
  Result<void> keep_additions(const CommitObject& commit) {
    if (commit.parents.size() < 2) return keep_after(TRY(changes_of(repository_, commit)));
    std::optional<std::vector<PathChange>> made;
    for (const GitOid& parent : commit.parents) {
      const Result<CommitObject> object = repository_.read_commit(parent);
      if (!object) continue;
      std::vector<PathChange> changes =
          TRY(changes_between(repository_, object->commit.tree, commit.commit.tree));
      if (made) {
        std::erase_if(*made, [&](const PathChange& change) {
          const auto found = std::ranges::lower_bound(changes, change.path, {}, &PathChange::path);
          return found == changes.end() || found->path != change.path;
        });
      } else {
        made = std::move(changes);
      }
    }
    return made ? keep_after(std::move(*made)) : keep_tree_unfiltered(commit.commit.tree);
  }

  Result<void> keep_after(std::vector<PathChange> changes) {
    for (PathChange& change : changes) {
      if (!change.after.is_zero()) TRY(keep_blob(std::move(change.path), change.after));
    }
    return {};
  }

  Result<void> keep_tree_unfiltered(const GitOid& tree) {
    return keep_after(TRY(changes_between(repository_, GitOid{}, tree)));
  }

  // A stash is a merge of the commit it was made on, of one for the index and, with -u, of one for
  // the untracked files. Only git can read all of their log.
  Result<void> keep_stashes() {
    const auto refs = repository_.all_refs();
    if (std::ranges::find(refs, kStashRef, &RefName::name) == refs.end()) return {};
    const std::string listing = TRY(run_command_checked(
        repository_.git({"log", "-g", "--no-show-signature", "--format=%H", kStashRef, "--"})));
    for (const std::string_view line : split(listing, '\n')) {
      if (line.empty()) continue;
      const CommitObject stash = TRY(repository_.read_commit(TRY(GitOid::parse(trim(line)))));
      TRY(keep_stash(stash));
    }
    return {};
  }

  Result<void> keep_stash(const CommitObject& stash) {
    GitOid base;
    for (std::size_t i = 0; i < stash.parents.size(); ++i) {
      const CommitObject parent = TRY(repository_.read_commit(stash.parents[i]));
      if (i == 0) {
        base = parent.commit.tree;
      } else {
        TRY(keep_after(TRY(changes_of(repository_, parent))));
      }
    }
    return keep_after(TRY(changes_between(repository_, base, stash.commit.tree)));
  }

  // A work tree's folder may be gone; as long as git knows the work tree, its state counts.
  Result<void> find_work_trees(std::optional<Commit> head) {
    // An index that lies in a bare repository is a leftover.
    const bool bare = repository_.is_bare();
    work_trees_.push_back({bare ? "" : repository_.index_path(), head});
    const std::string& common = repository_.common_folder();
    if (!bare) TRY(add_work_tree(common));
    const Handle<DIR, closedir> folders(::opendir((common + "/worktrees").c_str()));
    if (!folders) return {};
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
    while (const dirent* entry = ::readdir(folders.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") TRY(add_work_tree(common + "/worktrees/" + name));
    }
    return {};
  }

  Result<void> add_work_tree(const std::string& git_folder) {
    const std::string index = git_folder + "/index";
    for (const WorkTreeState& known : work_trees_) {
      if (known.index == index) return {};
    }
    const Result<std::string> text = read_file(git_folder + "/HEAD", kHeadBytesMax);
    if (!text) return {};
    std::string_view name = trim(*text);
    constexpr std::string_view kSymbolic = "ref:";
    if (name.starts_with(kSymbolic)) name = trim(name.substr(kSymbolic.size()));
    const Result<Commit> head = repository_.resolve_commit(name);
    if (!head && is_known_to_git(name)) {
      return head.error().with_context("read " + git_folder + "/HEAD");
    }
    work_trees_.push_back({index, head ? std::optional<Commit>(*head) : std::nullopt});
    return {};
  }

  // A branch that is there but cannot be read is another thing than one without a commit.
  bool is_known_to_git(std::string_view name) const {
    const auto asked =
        run_command(repository_.git({"rev-parse", "--verify", "--quiet", std::string(name)}));
    return !asked || asked->exit_code == 0;
  }

  Result<void> keep_staged(const WorkTreeState& work_tree) {
    if (work_tree.index.empty()) return {};
    const Index index = TRY(repository_.read_index(work_tree.index));
    for (const IndexEntry& entry : index.entries) {
      if (entry.stage != 0 && S_ISREG(entry.mode)) TRY(keep_blob(entry.path, entry.oid));
    }
    // Where all of HEAD is kept, what differs from it is what was not met yet.
    if (options_.current && filter_.empty()) {
      for (const IndexEntry& entry : index.entries) {
        if (entry.stage == 0 && S_ISREG(entry.mode)) TRY(keep_blob(entry.path, entry.oid));
      }
      return {};
    }
    const GitOid* tree = work_tree.head ? &work_tree.head->tree : nullptr;
    TreeComparison comparison = TRY(compare_index(repository_, index, tree));
    for (BlobEntry& blob : comparison.staged) {
      if (is_file(blob.kind)) TRY(keep_blob(std::move(blob.path), blob.oid));
    }
    return {};
  }

  const Repository& repository_;
  const RetentionOptions& options_;
  const PathFilter filter_;
  std::vector<WorkTreeState> work_trees_;
  OidSet roots_, folders_, compared_;
  OidSet blobs_;  // kept, or waiting to be read
  std::vector<BlobEntry> waiting_;
  std::unordered_set<Oid> kept_;
};

}  // namespace

std::string prune_remote(const Config& config) {
  const std::string named = config.get("lfs.pruneremotetocheck").value_or("");
  return named.empty() ? "origin" : named;
}

Result<std::unordered_set<Oid>> retained_objects(const Repository& repository,
                                                 const RetentionOptions& options) {
  return Retention(repository, options).run();
}

Result<std::unordered_set<Oid>> reachable_objects(const Repository& repository) {
  HistoryRange range;
  const Result<Commit> head = repository.resolve_commit("HEAD");
  if (head) range.include.push_back(head->oid);
  for (const RefName& ref : repository.all_refs()) range.include.push_back(ref.target);
  std::unordered_set<Oid> found;
  TRY(scan_history(repository, range, true, [&](const PointerFile& file) -> Result<void> {
    found.insert(file.pointer.oid);
    return {};
  }));
  return found;
}

}  // namespace lazylfs::lfs
