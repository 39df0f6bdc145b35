// What a migration does to the files of a history; the walk itself is HistoryRewriter's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lfs/git/pack_writer.h"
#include "lfs/migrate/attribute_lines.h"

namespace lazylfs::lfs {

// plan() and the rest are called on one thread, in the order of the history: oldest commit first,
// its files in the order of its trees. convert() is called from several.
class Migration {
 public:
  Migration() = default;
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;
  virtual ~Migration() = default;

  // The files asked about next are of the commit with this tree.
  virtual Result<void> enter(const GitOid& root) = 0;
  // Whether files at this path are looked at at all. Asked once a path.
  virtual bool considers(const std::string& path) = 0;
  // Whether this blob at this path is converted. Asked once for each such pair; symbolic links are
  // never asked about.
  virtual Result<bool> plan(const std::string& path, const GitOid& blob) = 0;
  // Thread-safe. What the blob becomes, added to `pack`.
  virtual Result<GitOid> convert(const GitOid& blob, const std::string& path, PackWriter& pack) = 0;
  // Whether convert() looks at the path; else each blob is converted once.
  virtual bool depends_on_path() const { return false; }
  // The lines that the root's .gitattributes gets; null: it stays as it is. It may grow with
  // plan().
  virtual const AttributeLines* attributes() const { return nullptr; }
};

// Attribute files are not migrated, wherever they are.
inline bool is_attributes_file(std::string_view path) {
  constexpr std::string_view kName = ".gitattributes";
  return path == kName || (path.ends_with(kName) && path[path.size() - kName.size() - 1] == '/');
}

}  // namespace lazylfs::lfs
