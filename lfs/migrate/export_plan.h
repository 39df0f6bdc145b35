// migrate export: pointers become the files that they stand for.
#pragma once

#include <functional>
#include <optional>

#include "lfs/migrate/migration.h"
#include "lfs/migrate/path_selection.h"
#include "lfs/pointer/pointer.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

class ExportPlan final : public Migration {
 public:
  // Told of each pointer at each path.
  using Found = std::function<void(const std::string& path, const GitOid& blob, const Pointer&)>;
  // Both must outlive it. The objects must be in the store by the time they are converted.
  ExportPlan(const Repository& repository, const ObjectStore& store, PathSelection selection,
             Found found = {});

  Result<void> enter(const GitOid&) override { return {}; }
  bool considers(const std::string& path) override {
    return !is_attributes_file(path) && selection_.allows(path);
  }
  Result<bool> plan(const std::string& path, const GitOid& blob) override;
  Result<GitOid> convert(const GitOid& blob, const std::string& path, PackWriter& pack) override;
  const AttributeLines* attributes() const override { return &lines_; }

 private:
  const Repository& repository_;
  const ObjectStore& store_;
  const PathSelection selection_;
  const AttributeLines lines_;
  const Found found_;
};

// Nothing when the blob is no pointer. A pointer that is broken is none, either.
Result<std::optional<Pointer>> read_pointer(const Repository& repository, const GitOid& blob);

}  // namespace lazylfs::lfs
