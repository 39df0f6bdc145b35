#include "lfs/migrate/single_commit.h"

#include <algorithm>
#include <map>

#include "lfs/base/text.h"
#include "lfs/migrate/import_plan.h"

namespace lazylfs::lfs {
namespace {

class TreeEditor {
 public:
  TreeEditor(const Repository& repository, const ObjectStore& store,
             const std::vector<Extension>& extensions, PackWriter& pack)
      : repository_(repository), store_(store), extensions_(extensions), pack_(pack) {}

  // `tree` with the file `rest` in it converted; `path` is the file's from the root.
  Result<GitOid> convert(const GitOid& tree, std::string_view rest, const std::string& path) {
    const std::string_view name = take_until(rest, '/');
    const std::string data = TRY(read(tree));
    std::vector<RawTreeEntry> entries = TRY(parse_raw_tree(data));
    const auto entry = std::ranges::find(entries, name, &RawTreeEntry::name);
    if (entry == entries.end() || entry->is_submodule() || entry->is_folder() == rest.empty()) {
      return Error(Errc::not_found, "unable to find entry " + std::string(name) + " in tree");
    }
    if (entry->is_folder()) {
      entry->oid = TRY(convert(entry->oid, rest, path));
    } else if (!entry->is_symlink()) {
      const auto pointer = TRY(clean_blob(repository_, store_, extensions_, entry->oid, path));
      if (pointer) entry->oid = TRY(pack_.add(ObjectType::blob, *pointer));
    }
    std::string changed = format_raw_tree(entries);
    if (changed == data) return tree;
    const GitOid oid = TRY(pack_.add(ObjectType::tree, changed));
    written_[oid] = std::move(changed);
    return oid;
  }

 private:
  Result<std::string> read(const GitOid& tree) const {
    const auto known = written_.find(tree);
    if (known != written_.end()) return known->second;
    RawObject object = TRY(repository_.read_object(tree));
    return std::move(object.data);
  }

  const Repository& repository_;
  const ObjectStore& store_;
  const std::vector<Extension>& extensions_;
  PackWriter& pack_;
  std::map<GitOid, std::string> written_;  // not yet to be read from the repository
};

}  // namespace

Result<GitOid> commit_as_pointers(const Repository& repository, const ObjectStore& store,
                                  const std::vector<Extension>& extensions, const Commit& parent,
                                  const SingleCommit& commit, PackWriter& pack) {
  TreeEditor editor(repository, store, extensions, pack);
  GitOid tree = parent.tree;
  for (const std::string& file : commit.files) {
    Result<GitOid> converted = editor.convert(tree, file, file);
    if (!converted) {
      return Error(converted.error().code(),
                   "Could not rewrite " + go_quoted(file) + ": " + converted.error().message());
    }
    tree = *converted;
  }
  const std::string text = "tree " + tree.hex() + "\nparent " + parent.oid.hex() + "\nauthor " +
                           commit.author + "\ncommitter " + commit.committer + "\n\n" +
                           commit.message + '\n';
  return pack.add(ObjectType::commit, text);
}

}  // namespace lazylfs::lfs
