// migrate import: files become pointers, their content goes to the store.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "lfs/filter/clean.h"
#include "lfs/migrate/migration.h"
#include "lfs/migrate/path_selection.h"
#include "lfs/migrate/tree_attributes.h"

namespace lazylfs::lfs {

struct ImportOptions {
  PathSelection selection;
  std::uint64_t above = 0;  // bytes; smaller files stay
  bool fixup = false;       // only files that the commit's own attributes give to LFS
};

class ImportPlan final : public Migration {
 public:
  // Both must outlive it.
  ImportPlan(const Repository& repository, const ObjectStore& store,
             std::vector<Extension> extensions, ImportOptions options);

  Result<void> enter(const GitOid& root) override;
  bool considers(const std::string& path) override {
    return !is_attributes_file(path) && options_.selection.allows(path);
  }
  Result<bool> plan(const std::string& path, const GitOid& blob) override;
  Result<GitOid> convert(const GitOid& blob, const std::string& path, PackWriter& pack) override;
  bool depends_on_path() const override { return !extensions_.empty(); }
  const AttributeLines* attributes() const override { return options_.fixup ? nullptr : &lines_; }

 private:
  bool add_line_of(const std::string& path);

  const Repository& repository_;
  const ObjectStore& store_;
  const std::vector<Extension> extensions_;
  const ImportOptions options_;
  AttributeLines lines_;
  bool grows_ = false;             // lines come from the files, not from patterns
  std::set<std::string> unnamed_;  // files whose line Git would ignore
  std::optional<TreeAttributes> commit_attributes_;
};

// What the clean filter makes of the blob, its content stored; nothing when that is the blob
// itself. Thread-safe. Memory: a few MiB, however large the blob is.
Result<std::optional<std::string>> clean_blob(const Repository& repository,
                                              const ObjectStore& store,
                                              const std::vector<Extension>& extensions,
                                              const GitOid& blob, const std::string& path);

}  // namespace lazylfs::lfs
