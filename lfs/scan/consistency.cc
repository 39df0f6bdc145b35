#include "lfs/scan/consistency.h"

#include <fcntl.h>

#include <atomic>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <utility>

#include "lfs/attributes/filter_attributes.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/scan/parallel.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kAttributesName = ".gitattributes";

class PointerCheck {
 public:
  using Found = std::function<void(const PointerProblem&)>;
  PointerCheck(const Repository& repository, const Found& found)
      : repository_(repository), found_(found) {}

  Result<void> check_folder(const GitOid& tree, const std::string& path,
                            std::vector<FolderFilter::Level> levels) {
    const std::vector<TreeEntry> entries = TRY(repository_.read_tree(tree));
    for (const TreeEntry& entry : entries) {
      if (entry.name != kAttributesName || entry.kind != EntryKind::file) continue;
      const auto text = repository_.read_blob(entry.oid, kAttributesBytesMax);
      if (!text) continue;  // too large: git ignores it, too
      auto rules = path.empty() ? AttributeRules::parse_root(*text)
                                : AttributeRules::parse(*text, macros(levels));
      levels.push_back({path, std::move(rules)});
    }
    FolderFilter filter(path, levels);
    for (const TreeEntry& entry : entries) {
      const std::string name = path.empty() ? entry.name : path + '/' + entry.name;
      if (entry.kind == EntryKind::folder) {
        TRY(check_folder(entry.oid, name, levels));
      } else if (is_file(entry.kind) && filter.is_lfs(entry.name)) {
        TRY(check_file(entry.oid, name));
      }
    }
    return {};
  }

 private:
  static AttributeMacros macros(const std::vector<FolderFilter::Level>& levels) {
    const bool has_root = !levels.empty() && levels.front().path.empty();
    return has_root ? levels.front().rules->macros() : AttributeMacros{};
  }

  Result<void> check_file(const GitOid& blob, const std::string& path) {
    const SmallBlob read = TRY(repository_.read_small_blob(blob, kPointerBytesMax - 1));
    if (read.header.missing) return {};  // of a partial clone: nothing to judge
    const Result<Pointer> pointer =
        read.content ? parse_pointer(*read.content) : Error(Errc::not_found, "too large");
    if (!pointer) {
      found_({PointerProblem::Kind::no_pointer, path, blob, {}});
    } else if (!pointer->canonical) {
      found_({PointerProblem::Kind::not_canonical, path, blob, pointer->oid});
    }
    return {};
  }

  const Repository& repository_;
  const Found& found_;
};

Result<Oid> hash_file(const std::string& path) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  return TRY(hash_to_end(file.get())).oid;
}

// "no such file or directory": the system's words as upstream prints them.
std::string reason_of(const Error& error) {
  if (error.sys_errno() == 0) return error.message();
  std::string text = std::strerror(error.sys_errno());  // NOLINT(concurrency-mt-unsafe): glibc's is
  if (!text.empty()) text.front() = to_lower(text.substr(0, 1)).front();
  return text;
}

std::optional<ObjectProblem> check_object(const ObjectStore& store, const PointerFile& file) {
  // A file of the wrong size counts as damaged, not as missing.
  std::string path = store.object_path(file.pointer.oid);
  Result<Oid> digest = hash_file(path);
  if (!digest && digest.error().code() == Errc::not_found) {
    if (const auto elsewhere = store.find(file.pointer.id())) {
      path = *elsewhere;
      digest = hash_file(path);
    }
  }
  if (!digest) return ObjectProblem{file, false, reason_of(digest.error()), {}};
  if (*digest == file.pointer.oid) return std::nullopt;
  return ObjectProblem{file, true, {}, std::move(path)};
}

}  // namespace

Result<void> check_pointers(const Repository& repository, const GitOid& tree,
                            const std::function<void(const PointerProblem&)>& found) {
  return PointerCheck(repository, found).check_folder(tree, "", {});
}

std::vector<ObjectProblem> check_objects(const ObjectStore& store,
                                         const std::vector<PointerFile>& files) {
  std::vector<const PointerFile*> wanted;
  std::unordered_set<Oid> seen;
  for (const PointerFile& file : files) {
    if (file.pointer.size > 0 && seen.insert(file.pointer.oid).second) wanted.push_back(&file);
  }
  std::vector<std::optional<ObjectProblem>> verdicts(wanted.size());
  // Sizes differ: each thread takes the next one rather than a part of its own.
  std::atomic<std::size_t> next{0};
  in_parallel(wanted.size(), 2, [&](std::size_t, std::size_t) {
    for (std::size_t i = next++; i < wanted.size(); i = next++) {
      verdicts[i] = check_object(store, *wanted[i]);
    }
  });
  std::vector<ObjectProblem> problems;
  for (auto& verdict : verdicts) {
    if (verdict) problems.push_back(std::move(*verdict));
  }
  return problems;
}

}  // namespace lazylfs::lfs
