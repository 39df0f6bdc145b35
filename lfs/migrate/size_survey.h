// migrate info: how much the files of a history weigh, by kind.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lfs/migrate/migration.h"
#include "lfs/migrate/path_selection.h"
#include "lfs/migrate/tree_attributes.h"

namespace lazylfs::lfs {

enum class PointerMode { follow, no_follow, ignore };

struct SurveyOptions {
  PathSelection selection;
  std::uint64_t above = 0;  // bytes; a file counts as large when it has more
  PointerMode pointers = PointerMode::follow;
  bool fixup = false;
};

struct SizeGroup {
  std::string name;               // "*.png", or a file's name; of the pointers: "LFS Objects"
  std::uint64_t bytes_above = 0;  // of the large ones
  std::uint64_t count_above = 0, count = 0;
};

struct SurveyResult {
  std::vector<SizeGroup> groups;  // those with large files, most bytes first
  std::optional<SizeGroup> pointers;
};

// Never converts anything: for HistoryRewriter::examine().
class SizeSurvey final : public Migration {
 public:
  // `repository` must outlive it.
  SizeSurvey(const Repository& repository, SurveyOptions options);

  Result<void> enter(const GitOid& root) override;
  bool considers(const std::string& path) override {
    return !(options_.fixup && is_attributes_file(path)) && options_.selection.allows(path);
  }
  Result<bool> plan(const std::string& path, const GitOid& blob) override;
  Result<GitOid> convert(const GitOid& blob, const std::string&, PackWriter&) override {
    return blob;
  }

  // Looks at the blobs, several at a time.
  Result<SurveyResult> finish();

 private:
  struct Blob {
    GitOid oid;
    std::uint32_t group;
  };
  const Repository& repository_;
  const SurveyOptions options_;
  std::optional<TreeAttributes> commit_attributes_;
  std::map<std::string, std::uint32_t, std::less<>> names_;
  std::vector<Blob> blobs_;
};

}  // namespace lazylfs::lfs
