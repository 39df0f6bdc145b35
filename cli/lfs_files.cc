#include "cli/lfs_files.h"

#include <algorithm>

#include "lfs/base/files.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::cli {
namespace {

struct Candidate {
  std::string path;
  lfs::GitOid blob;
};

using Wanted = std::function<bool(std::string_view path)>;

bool is_file(lfs::EntryKind kind) {
  return kind == lfs::EntryKind::file || kind == lfs::EntryKind::executable;
}

// Collects the wanted files below `root`. Keeps its own stack: trees may be deeper than ours.
Result<std::vector<Candidate>> walk(const lfs::Repository& repository, const lfs::GitOid& root,
                                    const std::string& folder, const Wanted& wanted) {
  struct Pending {
    std::string path;
    lfs::GitOid oid;
    bool is_folder = false;
  };
  std::vector<Candidate> found;
  std::vector<Pending> stack = {{folder, root, true}};
  while (!stack.empty()) {
    const Pending next = std::move(stack.back());
    stack.pop_back();
    if (!next.is_folder) {
      if (wanted(next.path)) found.push_back({next.path, next.oid});
      continue;
    }
    std::vector<lfs::TreeEntry> entries = TRY(repository.read_tree(next.oid));
    std::ranges::reverse(entries);  // the stack turns them round again
    for (lfs::TreeEntry& entry : entries) {
      const bool below = entry.kind == lfs::EntryKind::folder;
      if (!below && !is_file(entry.kind)) continue;
      std::string path = next.path.empty() ? entry.name : next.path + '/' + entry.name;
      stack.push_back({std::move(path), entry.oid, below});
    }
  }
  return found;
}

// The candidates when `path` names a folder, or one file.
Result<std::vector<Candidate>> candidates(const lfs::Repository& repository,
                                          const lfs::Commit& commit, const std::string& path,
                                          const Wanted& wanted) {
  const auto folder = repository.tree_at(commit.tree, path);
  if (folder) return walk(repository, *folder, path, wanted);

  const Error missing(Errc::not_found, path + ": no such file or folder in that commit");
  const std::string parent = parent_path(path);
  const auto around = repository.tree_at(commit.tree, parent == "." ? "" : parent);
  if (!around) return missing;
  for (const lfs::TreeEntry& entry : TRY(repository.read_tree(*around))) {
    if (entry.name == base_name(path) && is_file(entry.kind)) {
      return std::vector<Candidate>{{path, entry.oid}};
    }
  }
  return missing;
}

}  // namespace

Result<std::vector<LfsFile>> find_lfs_files(const lfs::Repository& repository,
                                            const lfs::Commit& commit, std::string_view folder,
                                            const Wanted& wanted) {
  const auto found = TRY(candidates(repository, commit, std::string(folder), wanted));
  std::vector<lfs::GitOid> missing;
  for (const Candidate& candidate : found) {
    const auto header = repository.blob_header(candidate.blob);
    if (header && header->missing) missing.push_back(candidate.blob);
  }
  if (!missing.empty()) TRY(repository.fetch_missing(missing));

  std::vector<LfsFile> files;
  for (const Candidate& candidate : found) {
    const auto header = TRY_CONTEXT(candidate.path, repository.blob_header(candidate.blob));
    if (header.missing || header.size == 0 || header.size >= lfs::kPointerBytesMax) continue;
    const std::string text =
        TRY_CONTEXT(candidate.path, repository.read_blob(candidate.blob, lfs::kPointerBytesMax));
    const auto pointer = lfs::parse_pointer(text);
    if (pointer && pointer->size > 0) files.push_back({candidate.path, pointer->id()});
  }
  return files;
}

}  // namespace lazylfs::cli
