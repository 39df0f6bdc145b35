// A folder is read in one pass over its entries, .gitattributes first, which says whose blobs must
// be read (LFS's) and of whom the header will do (the others). The pass goes on after a missing
// blob, so that all of a blobless clone's are known before the network is asked, once.
#include "fs/folder_loader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::fs {

namespace {

constexpr std::string_view kAttributesName = ".gitattributes";
constexpr int kFetchRounds = 3;  // a tree, then its blobs, then nothing is missing

std::uint64_t context_below(std::uint64_t context, const lfs::GitOid& attributes_blob) {
  std::string text(attributes_blob.bytes.begin(), attributes_blob.bytes.end());
  text.append(reinterpret_cast<const char*>(&context), sizeof context);
  std::uint64_t value = 0;
  const Oid digest = Sha256::of(text);
  std::memcpy(&value, digest.bytes().data(), sizeof value);
  return value;
}

bool is_folder_kind(lfs::EntryKind kind) {
  return kind == lfs::EntryKind::folder || kind == lfs::EntryKind::submodule;
}

bool is_regular(lfs::EntryKind kind) {
  return kind == lfs::EntryKind::file || kind == lfs::EntryKind::executable;
}

void sort_entries(std::vector<LoadedEntry>& entries, const std::string& path) {
  std::ranges::stable_sort(entries, {}, &LoadedEntry::name);
  const auto equal_names = [](const LoadedEntry& a, const LoadedEntry& b) {
    return a.name == b.name;
  };
  const auto repeated = std::unique(entries.begin(), entries.end(), equal_names);
  if (repeated == entries.end()) return;
  log_line(LogLevel::warning,
           "the folder '" + path + "' has entries of equal name; first one wins");
  entries.erase(repeated, entries.end());
}

}  // namespace

Result<LoadedFolder> FolderLoader::load_local(const FolderRequest& request) const {
  LoadedFolder folder;
  Result<std::vector<lfs::TreeEntry>> tree = repository_.read_tree(request.tree);
  if (!tree && tree.error().code() == Errc::not_found) {
    folder.missing.push_back(request.tree);
    return folder;
  }
  if (!tree) return tree.error();

  folder.entries.reserve(tree->size());
  for (lfs::TreeEntry& entry : *tree) {
    folder.entries.push_back(
        {.name = std::move(entry.name), .kind = entry.kind, .oid = entry.oid, .content = {}});
  }
  sort_entries(folder.entries, request.path);
  TRY(read_rules(request, folder));
  std::vector<lfs::FolderFilter::Level> levels = request.levels;
  if (folder.rules) levels.push_back({request.path, folder.rules});
  lfs::FolderFilter filter(request.path, std::move(levels));
  for (LoadedEntry& entry : folder.entries) {
    if (is_folder_kind(entry.kind)) continue;
    const bool is_lfs_path = is_regular(entry.kind) && filter.is_lfs(entry.name);
    const bool is_here = TRY_CONTEXT("read " + entry.name, read_entry(entry, is_lfs_path));
    if (!is_here) folder.missing.push_back(entry.oid);
  }
  return folder;
}

// Of a missing .gitattributes nothing is known; the pass then only collects what else is missing.
Result<void> FolderLoader::read_rules(const FolderRequest& request, LoadedFolder& folder) const {
  folder.context = request.context;
  const auto found = std::ranges::find(folder.entries, kAttributesName, &LoadedEntry::name);
  if (found == folder.entries.end() || !is_regular(found->kind)) return {};
  const lfs::BlobHeader header =
      TRY_CONTEXT("read .gitattributes", repository_.blob_header(found->oid));
  if (header.missing || header.size > lfs::kAttributesBytesMax) return {};

  const std::string text = TRY_CONTEXT("read .gitattributes",
                                       repository_.read_blob(found->oid, lfs::kAttributesBytesMax));
  if (request.path.empty()) {
    folder.rules = lfs::AttributeRules::parse_root(text);
  } else {
    const bool has_root = !request.levels.empty() && request.levels.front().path.empty();
    folder.rules = lfs::AttributeRules::parse(
        text, has_root ? request.levels.front().rules->macros() : lfs::AttributeMacros());
  }
  folder.context = context_below(request.context, found->oid);
  return {};
}

// False when the blob is missing. A file that has filter=lfs but is no pointer passes through the
// filter as it is.
Result<bool> FolderLoader::read_entry(LoadedEntry& entry, bool is_lfs_path) const {
  Oid object;
  ContentInfo& content = entry.content;
  content = {.blob = entry.oid, .size = 0, .kind = entry.kind, .is_lfs = false};
  const Result<std::string> text = is_lfs_path
                                       ? repository_.read_blob(entry.oid, lfs::kPointerBytesMax - 1)
                                       : Result<std::string>(Error(Errc::invalid, "not wanted"));
  if (text) {
    content.size = text->size();
    const Result<lfs::Pointer> pointer = lfs::parse_pointer(*text);
    // White space alone reads as the empty file's pointer, and is not one on checkout.
    if (pointer && pointer->size <= kContentSizeMax && !trim(*text).empty()) {
      object = pointer->oid;
      content.is_lfs = true;
      content.size = pointer->size;
    }
  } else {  // too large for a pointer, missing, or none of LFS's
    const lfs::BlobHeader header = TRY(repository_.blob_header(entry.oid));
    if (header.missing) return false;
    content.size = header.size;
  }
  entry.wanted_ino = content_ino(content, object);
  return true;
}

Result<LoadedFolder> FolderLoader::load(const FolderRequest& request) const {
  for (int round = 0; round < kFetchRounds; ++round) {
    LoadedFolder folder = TRY(load_local(request));
    if (folder.missing.empty()) return folder;
    TRY_CONTEXT("fetch what '" + request.path + "' needs",
                repository_.fetch_missing(folder.missing));
  }
  return Error(Errc::not_found, "objects of the folder '" + request.path +
                                    "' are missing from the repository and from its remote");
}

Result<std::shared_ptr<const Snapshot>> FolderLoader::open_snapshot(const lfs::Commit& commit,
                                                                    const std::string& path) const {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->commit = commit;
  snapshot->path = path;
  snapshot->tree = commit.tree;
  if (path.empty()) return std::shared_ptr<const Snapshot>(std::move(snapshot));

  snapshot->tree = TRY(repository_.tree_at(commit.tree, path));
  std::string above;
  for (std::string_view rest = path; !rest.empty();) {
    const FolderRequest request{.tree = TRY(repository_.tree_at(commit.tree, above)),
                                .path = above,
                                .levels = snapshot->levels,
                                .context = snapshot->context};
    const LoadedFolder folder = TRY(load_rules_only(request));
    if (folder.rules) snapshot->levels.push_back({above, folder.rules});
    snapshot->context = folder.context;
    if (!above.empty()) above.push_back('/');
    above.append(take_until(rest, '/'));
  }
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

// As load(), of nothing but the folder's .gitattributes: folders above the shown one may be large.
Result<LoadedFolder> FolderLoader::load_rules_only(const FolderRequest& request) const {
  LoadedFolder folder;
  for (lfs::TreeEntry& entry : TRY(repository_.read_tree(request.tree))) {
    if (entry.name != kAttributesName || is_folder_kind(entry.kind)) continue;
    if (TRY(repository_.blob_header(entry.oid)).missing) {
      TRY(repository_.fetch_missing({entry.oid}));
    }
    folder.entries.push_back(
        {.name = std::move(entry.name), .kind = entry.kind, .oid = entry.oid, .content = {}});
    break;
  }
  TRY(read_rules(request, folder));
  return folder;
}

}  // namespace lazylfs::fs
