// Every distinct tree at a path is looked at once to plan and once to build: a subtree that comes
// again, in whatever commit, is one look-up. As in upstream, the first meeting decides: what a blob
// at a path becomes in one commit, it becomes in all.
//
// A commit is planned first, which hands its blobs to the conversion pool, and built later, when
// they are converted. Planning runs some hundred commits ahead of building, so that reading trees,
// converting blobs and writing trees overlap; how far is bounded, and so is the memory for the
// trees that are kept from planning to building.
//
// The lines for the root's .gitattributes may grow while planning. A commit gets those that were
// known when its planning ended, which is what a walk that does one commit after the other gives.
#include "lfs/migrate/history_rewriter.h"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_set>
#include <utility>

#include "lfs/migrate/commit_text.h"
#include "lfs/migrate/conversion_pool.h"
#include "lfs/migrate/path_table.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kCommitsAhead = 256;
constexpr std::size_t kTreeBytesAhead = 32U << 20U;
constexpr std::string_view kAttributesName = ".gitattributes";
constexpr std::size_t kAttributesFileBytesMax = 100U << 20U;  // git reads no larger one
constexpr std::size_t kUnconverted = ~std::size_t{0};

using Data = std::shared_ptr<const std::string>;

}  // namespace

class HistoryRewriter::Impl {
 public:
  Impl(const Repository& repository, Migration& migration, RewriteEvents events)
      : repository_(repository), migration_(migration), events_(std::move(events)) {}

  Result<void> examine(std::span<const GitOid> commits);
  Result<CommitMap> rewrite(std::span<const GitOid> commits, PackWriter& pack);

 private:
  struct Planned {
    GitOid oid;
    std::string text;
    CommitLinks links;
    std::size_t lines = 0;  // of the attributes that it gets
  };
  // A tree at a path that was planned; `built` once it is written.
  struct TreeMemo {
    GitOid result;
    bool built = false;
  };
  enum class Considered : std::uint8_t { unknown, yes, no };

  Result<Planned> plan_commit(const GitOid& oid);
  Result<void> plan_tree(const GitOid& oid, PathId path);
  Result<void> plan_entry(const RawTreeEntry& entry, PathId folder);
  bool considers(PathId path);
  Result<Data> read_tree(const GitOid& oid, bool keep);

  Result<void> build_commit(Planned& planned);
  Result<GitOid> build_tree(const GitOid& oid, PathId path);
  Result<GitOid> build_root(const Planned& planned);
  // Replaces what changes in `entries`; whether anything did.
  Result<bool> build_entries(std::vector<RawTreeEntry>& entries, PathId folder);
  Result<GitOid> built_blob(const RawTreeEntry& entry, PathId path);
  Result<bool> put_attributes(std::vector<RawTreeEntry>& entries, std::size_t lines);
  Result<GitOid> attributes_blob(const GitOid* theirs, std::size_t lines);
  void report(std::size_t done, std::size_t total) const {
    if (events_.progressed) events_.progressed(done, total);
  }

  const Repository& repository_;
  Migration& migration_;
  const RewriteEvents events_;
  PackWriter* pack_ = nullptr;
  std::unique_ptr<ConversionPool> pool_;

  PathTable paths_;
  std::vector<Considered> considered_;  // by path
  std::unordered_map<PlacedObject, TreeMemo, PlacedObjectHash> trees_;
  std::unordered_map<PlacedObject, std::size_t, PlacedObjectHash> blobs_;  // conversion's number
  std::unordered_map<GitOid, std::size_t, GitOidHash> conversions_;  // where paths don't count
  std::unordered_map<GitOid, Data, GitOidHash> kept_trees_;
  std::size_t kept_bytes_ = 0;
  // By what was there before and how many lines it gets.
  std::map<std::pair<GitOid, std::size_t>, GitOid> attributes_, roots_;
  std::unordered_set<PlacedObject, PlacedObjectHash> told_;  // where somebody listens
  CommitMap commits_;
  GitOid building_;  // the commit
};

Result<Data> HistoryRewriter::Impl::read_tree(const GitOid& oid, bool keep) {
  const auto kept = kept_trees_.find(oid);
  if (kept != kept_trees_.end()) {
    Data data = kept->second;
    if (!keep) {
      kept_bytes_ -= data->size();
      kept_trees_.erase(kept);
    }
    return data;
  }
  RawObject object = TRY(repository_.read_object(oid));
  if (object.type != ObjectType::tree) {
    return Error(Errc::corrupt, "git object " + oid.hex() + " is no tree");
  }
  auto data = std::make_shared<const std::string>(std::move(object.data));
  if (keep && kept_bytes_ + data->size() <= kTreeBytesAhead) {
    kept_bytes_ += data->size();
    kept_trees_.emplace(oid, data);
  }
  return data;
}

bool HistoryRewriter::Impl::considers(PathId path) {
  if (path >= considered_.size()) considered_.resize(paths_.size(), Considered::unknown);
  Considered& known = considered_[path];
  if (known == Considered::unknown) {
    known = migration_.considers(paths_.path(path)) ? Considered::yes : Considered::no;
  }
  return known == Considered::yes;
}

Result<void> HistoryRewriter::Impl::plan_entry(const RawTreeEntry& entry, PathId folder) {
  if (folder == kRootPath && entry.is_symlink() && entry.name == kAttributesName) {
    return Error(Errc::invalid,
                 "migrate: expected '.gitattributes' to be a file, got a symbolic link");
  }
  if (entry.is_symlink() || entry.is_submodule()) return {};
  const PathId path = paths_.child(folder, entry.name);
  if (entry.is_folder()) return plan_tree(entry.oid, path);
  if (!considers(path)) return {};
  const auto [blob, is_new] = blobs_.try_emplace({path, entry.oid}, kUnconverted);
  if (!is_new) return {};
  std::string name = paths_.path(path);
  const bool converts = TRY(migration_.plan(name, entry.oid));
  if (!converts || pool_ == nullptr) return {};
  if (migration_.depends_on_path()) {
    blob->second = pool_->add(entry.oid, std::move(name));
    return {};
  }
  const auto [conversion, is_first] = conversions_.try_emplace(entry.oid, 0);
  if (is_first) conversion->second = pool_->add(entry.oid, std::move(name));
  blob->second = conversion->second;
  return {};
}

Result<void> HistoryRewriter::Impl::plan_tree(const GitOid& oid, PathId path) {
  if (!trees_.try_emplace({path, oid}).second) return {};
  const Data data = TRY(read_tree(oid, pack_ != nullptr));
  for (const RawTreeEntry& entry : TRY_CONTEXT("git tree " + oid.hex(), parse_raw_tree(*data))) {
    TRY(plan_entry(entry, path));
  }
  return {};
}

Result<HistoryRewriter::Impl::Planned> HistoryRewriter::Impl::plan_commit(const GitOid& oid) {
  RawObject object = TRY(repository_.read_object(oid));
  if (object.type != ObjectType::commit) {
    return Error(Errc::corrupt, "git object " + oid.hex() + " is no commit");
  }
  Planned planned{oid, std::move(object.data), {}, 0};
  planned.links = TRY_CONTEXT("git commit " + oid.hex(), parse_commit_links(planned.text));
  TRY(migration_.enter(planned.links.tree));
  TRY(plan_tree(planned.links.tree, kRootPath));
  if (migration_.attributes() != nullptr) planned.lines = migration_.attributes()->size();
  return planned;
}

Result<GitOid> HistoryRewriter::Impl::built_blob(const RawTreeEntry& entry, PathId path) {
  const auto blob = blobs_.find({path, entry.oid});
  if (blob == blobs_.end() || blob->second == kUnconverted) return entry.oid;
  return pool_->result(blob->second);
}

Result<bool> HistoryRewriter::Impl::build_entries(std::vector<RawTreeEntry>& entries,
                                                  PathId folder) {
  bool changed = false;
  for (RawTreeEntry& entry : entries) {
    if (entry.is_symlink() || entry.is_submodule()) continue;
    const PathId path = paths_.child(folder, entry.name);
    GitOid after = entry.oid;
    if (entry.is_folder()) {
      after = TRY(build_tree(entry.oid, path));
    } else if (considers(path)) {
      after = TRY(built_blob(entry, path));
      if (after != entry.oid && events_.converted && told_.insert({path, entry.oid}).second) {
        events_.converted(building_, paths_.path(path));
      }
    }
    changed |= after != entry.oid;
    entry.oid = after;
  }
  return changed;
}

Result<GitOid> HistoryRewriter::Impl::build_tree(const GitOid& oid, PathId path) {
  const auto memo = trees_.find({path, oid});
  if (memo != trees_.end() && memo->second.built) return memo->second.result;
  const Data data = TRY(read_tree(oid, false));
  std::vector<RawTreeEntry> entries = TRY(parse_raw_tree(*data));
  const bool changed = TRY(build_entries(entries, path));
  const GitOid result = changed ? TRY(pack_->add(ObjectType::tree, format_raw_tree(entries))) : oid;
  trees_[{path, oid}] = {result, true};
  return result;
}

Result<GitOid> HistoryRewriter::Impl::attributes_blob(const GitOid* theirs, std::size_t lines) {
  const auto [known, is_new] =
      attributes_.try_emplace({theirs == nullptr ? GitOid{} : *theirs, lines});
  if (!is_new) return known->second;
  std::string text;
  if (theirs != nullptr) {
    if (TRY(repository_.blob_header(*theirs)).missing) TRY(repository_.fetch_missing({*theirs}));
    text = TRY(repository_.read_blob(*theirs, kAttributesFileBytesMax));
  }
  const std::string merged = merge_attributes(text, *migration_.attributes(), lines);
  known->second = TRY(pack_->add(ObjectType::blob, merged));
  return known->second;
}

Result<bool> HistoryRewriter::Impl::put_attributes(std::vector<RawTreeEntry>& entries,
                                                   std::size_t lines) {
  if (lines == 0) return false;  // nothing to say
  const auto at = std::ranges::find(entries, kAttributesName, &RawTreeEntry::name);
  if (at == entries.end()) {
    const GitOid blob = TRY(attributes_blob(nullptr, lines));
    entries.push_back({0100644, kAttributesName, blob});
    std::ranges::stable_sort(entries, tree_entry_before);
    return true;
  }
  if (!at->is_blob()) {
    return Error(Errc::invalid, "migrate: expected '.gitattributes' to be a file, got a folder");
  }
  const GitOid blob = TRY(attributes_blob(&at->oid, lines));
  const bool changed = blob != at->oid || at->mode != 0100644;
  at->oid = blob;
  at->mode = 0100644;
  return changed;
}

Result<GitOid> HistoryRewriter::Impl::build_root(const Planned& planned) {
  const GitOid& oid = planned.links.tree;
  if (migration_.attributes() == nullptr) return build_tree(oid, kRootPath);
  const auto [known, is_new] = roots_.try_emplace({oid, planned.lines});
  if (!is_new) return known->second;
  const Data data = TRY(read_tree(oid, false));
  std::vector<RawTreeEntry> entries = TRY(parse_raw_tree(*data));
  bool changed = TRY(build_entries(entries, kRootPath));
  if (TRY(put_attributes(entries, planned.lines))) changed = true;
  known->second = changed ? TRY(pack_->add(ObjectType::tree, format_raw_tree(entries))) : oid;
  return known->second;
}

Result<void> HistoryRewriter::Impl::build_commit(Planned& planned) {
  building_ = planned.oid;
  CommitLinks links;
  links.tree = TRY(build_root(planned));
  for (const GitOid& parent : planned.links.parents) {
    const auto known = commits_.find(parent);
    links.parents.push_back(known == commits_.end() ? parent : known->second);
  }
  GitOid result = planned.oid;
  if (links != planned.links) {
    result = TRY(pack_->add(ObjectType::commit, replace_commit_links(planned.text, links)));
    if (events_.rewritten) TRY(events_.rewritten(planned.oid, result));
  }
  commits_.emplace(planned.oid, result);
  return {};
}

Result<void> HistoryRewriter::Impl::examine(std::span<const GitOid> commits) {
  report(0, commits.size());
  for (std::size_t i = 0; i < commits.size(); ++i) {
    TRY(plan_commit(commits[i]));
    report(i + 1, commits.size());
  }
  return {};
}

Result<CommitMap> HistoryRewriter::Impl::rewrite(std::span<const GitOid> commits,
                                                 PackWriter& pack) {
  pack_ = &pack;
  pool_ = std::make_unique<ConversionPool>(migration_, pack);
  std::deque<Planned> ahead;
  std::size_t built = 0;
  const auto build_next = [&]() -> Result<void> {
    TRY(build_commit(ahead.front()));
    ahead.pop_front();
    report(++built, commits.size());
    return {};
  };
  report(0, commits.size());
  for (const GitOid& oid : commits) {
    ahead.push_back(TRY(plan_commit(oid)));
    if (ahead.size() > kCommitsAhead) TRY(build_next());
  }
  while (!ahead.empty()) TRY(build_next());
  pool_.reset();
  return std::move(commits_);
}

HistoryRewriter::HistoryRewriter(const Repository& repository, Migration& migration,
                                 RewriteEvents events)
    : impl_(std::make_unique<Impl>(repository, migration, std::move(events))) {}
HistoryRewriter::~HistoryRewriter() = default;

Result<void> HistoryRewriter::examine(std::span<const GitOid> commits) {
  return impl_->examine(commits);
}

Result<CommitMap> HistoryRewriter::rewrite(std::span<const GitOid> commits, PackWriter& pack) {
  return impl_->rewrite(commits, pack);
}

}  // namespace lazylfs::lfs
