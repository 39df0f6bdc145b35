#include "lfs/scan/pointer_scan.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/trace.h"
#include "lfs/git/filtered_paths.h"
#include "lfs/scan/parallel.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kBlobsPerThreadMin = 500;
constexpr std::size_t kPointerBytesRead = kPointerBytesMax - 1;

struct Folder {
  std::string path;  // with a '/' behind it, or empty
  std::vector<TreeEntry> entries;
  std::size_t next = 0;
};

EntryKind kind_of(std::uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK:
      return EntryKind::symlink;
    case S_IFREG:
      return (mode & S_IXUSR) != 0 ? EntryKind::executable : EntryKind::file;
    default:
      return EntryKind::submodule;
  }
}

std::optional<Pointer> pointer_of(const SmallBlob& blob) {
  if (!blob.content) return std::nullopt;
  Result<Pointer> pointer = parse_pointer(*blob.content);
  if (!pointer) return std::nullopt;
  return std::move(*pointer);
}

// What is known of one blob.
struct Judged {
  std::optional<Pointer> pointer;
  bool missing = false;
};

// Fetches, at once, the blobs of a partial clone that attributes call LFS files.
Result<void> judge_missing(const Repository& repository, const std::vector<BlobEntry>& blobs,
                           std::vector<Judged>& judged) {
  std::vector<std::string> paths;
  std::vector<GitOid> attribute_files;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    if (!judged[i].missing) continue;
    paths.push_back(blobs[i].path);
    if (base_name(blobs[i].path) == ".gitattributes") attribute_files.push_back(blobs[i].oid);
  }
  if (paths.empty()) return {};
  if (!attribute_files.empty()) TRY(repository.fetch_missing(attribute_files));
  const std::unordered_set<std::string> filtered = TRY(filtered_paths(repository, paths));
  std::vector<std::size_t> places;
  std::vector<GitOid> wanted;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    // Without any attribute (nothing is checked out) each may be a pointer.
    const bool likely = filtered.empty() || filtered.contains(blobs[i].path);
    if (!judged[i].missing || !is_file(blobs[i].kind) || !likely) continue;
    places.push_back(i);
    wanted.push_back(blobs[i].oid);
  }
  if (wanted.empty()) return {};
  TRY(repository.fetch_missing(wanted));
  for (const std::size_t i : places) {
    judged[i].pointer =
        pointer_of(TRY(repository.read_small_blob(blobs[i].oid, kPointerBytesRead)));
  }
  return {};
}

}  // namespace

// Keeps its own stack: trees may be deeper than ours.
Result<void> walk_tree(const Repository& repository, const GitOid& tree,
                       const std::function<Result<void>(BlobEntry)>& found,
                       const std::function<bool(const std::string&, const GitOid&)>& enters) {
  std::vector<Folder> stack;
  stack.push_back({"", TRY(repository.read_tree(tree))});
  while (!stack.empty()) {
    Folder& folder = stack.back();
    if (folder.next == folder.entries.size()) {
      stack.pop_back();
      continue;
    }
    const TreeEntry& entry = folder.entries[folder.next++];
    std::string path = folder.path + entry.name;
    if (entry.kind == EntryKind::folder) {
      const GitOid oid = entry.oid;
      if (enters && !enters(path, oid)) continue;
      std::vector<TreeEntry> entries = TRY(repository.read_tree(oid));
      stack.push_back({std::move(path) + '/', std::move(entries)});
    } else if (entry.kind != EntryKind::submodule) {
      TRY(found({std::move(path), entry.oid, entry.kind}));
    }
  }
  return {};
}

Result<std::vector<PointerFile>> read_pointers(const Repository& repository,
                                               std::vector<BlobEntry> blobs) {
  std::vector<Judged> judged(blobs.size());
  Guarded<std::optional<Error>> failure;
  in_parallel(blobs.size(), kBlobsPerThreadMin, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (!is_file(blobs[i].kind)) continue;
      const Result<SmallBlob> blob = repository.read_small_blob(blobs[i].oid, kPointerBytesRead);
      if (!blob) {
        *failure.lock() = blob.error();
        return;
      }
      judged[i] = {pointer_of(*blob), blob->header.missing};
    }
  });
  if (const std::optional<Error> error = *failure.lock()) return *error;
  TRY(judge_missing(repository, blobs, judged));
  std::vector<PointerFile> files;
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    if (!judged[i].pointer) continue;
    files.push_back({std::move(blobs[i].path), blobs[i].oid, std::move(*judged[i].pointer),
                     blobs[i].kind == EntryKind::executable});
  }
  return files;
}

Result<std::vector<PointerFile>> pointers_in_tree(const Repository& repository, const GitOid& tree,
                                                  const PathFilter& filter) {
  std::vector<BlobEntry> blobs;
  const bool traced = trace_enabled(TraceArea::general);  // each path is told of then
  const bool everything = filter.empty() && !traced;
  TRY(walk_tree(
      repository, tree,
      [&](BlobEntry blob) -> Result<void> {
        if (everything || filter.allows(blob.path)) blobs.push_back(std::move(blob));
        return {};
      },
      [&](const std::string& folder, const GitOid& /*tree*/) {
        return traced || filter.may_allow_below(folder);
      }));
  return read_pointers(repository, std::move(blobs));
}

Result<std::vector<PointerFile>> pointers_at_path(const Repository& repository, const GitOid& tree,
                                                  const std::string& path) {
  std::string rest = path;
  while (rest.ends_with('/')) rest.pop_back();
  if (rest.empty()) return pointers_in_tree(repository, tree, {});
  const std::size_t slash = rest.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : rest.substr(0, slash);
  const std::string name = rest.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::vector<TreeEntry> entries =
      TRY(repository.read_tree(TRY(repository.tree_at(tree, folder))));
  const auto entry = std::ranges::find(entries, name, &TreeEntry::name);
  if (entry == entries.end()) return Error(Errc::not_found, "no file or folder " + rest);
  std::vector<BlobEntry> blobs;
  if (entry->kind == EntryKind::folder) {
    TRY(walk_tree(repository, entry->oid, [&](BlobEntry blob) -> Result<void> {
      blob.path.insert(0, rest + '/');
      blobs.push_back(std::move(blob));
      return {};
    }));
  } else {
    blobs.push_back({rest, entry->oid, entry->kind});
  }
  return read_pointers(repository, std::move(blobs));
}

Result<std::vector<PointerFile>> pointers_in_index(const Repository& repository,
                                                   const PathFilter& filter) {
  const Index index = TRY(repository.read_index());
  std::vector<BlobEntry> blobs;
  for (const IndexEntry& entry : index.entries) {
    if (entry.stage != 0 || entry.skip_worktree || !filter.allows(entry.path)) continue;
    blobs.push_back({entry.path, entry.oid, kind_of(entry.mode)});
  }
  std::vector<PointerFile> files = TRY(read_pointers(repository, std::move(blobs)));
  std::vector<std::string> paths;
  for (const PointerFile& file : files) paths.push_back(file.path);
  const std::unordered_set<std::string> filtered = TRY(filtered_paths(repository, paths));
  std::erase_if(files, [&](const PointerFile& file) { return !filtered.contains(file.path); });
  return files;
}

Result<std::vector<BlobEntry>> files_in_tree(const Repository& repository, const GitOid* tree) {
  std::vector<BlobEntry> files;
  if (tree == nullptr) return files;
  TRY(walk_tree(repository, *tree, [&](BlobEntry blob) -> Result<void> {
    files.push_back(std::move(blob));
    return {};
  }));
  return files;
}

TreeComparison compare_index(const Index& index, std::vector<BlobEntry> committed) {
  // Both are sorted by the bytes of whole paths.
  TreeComparison result;
  auto old = committed.begin();
  for (const IndexEntry& entry : index.entries) {
    const EntryKind kind = kind_of(entry.mode);
    if (entry.stage != 0 || kind == EntryKind::submodule || entry.intent_to_add) continue;
    while (old != committed.end() && old->path < entry.path) ++old;
    const bool same = old != committed.end() && old->path == entry.path && old->oid == entry.oid &&
                      old->kind == kind;
    if (!same) result.staged.push_back({entry.path, entry.oid, kind});
  }
  result.committed = std::move(committed);
  return result;
}

Result<TreeComparison> compare_index(const Repository& repository, const Index& index,
                                     const GitOid* tree) {
  return compare_index(index, TRY(files_in_tree(repository, tree)));
}

}  // namespace lazylfs::lfs
