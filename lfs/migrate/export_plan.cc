#include "lfs/migrate/export_plan.h"

#include <fcntl.h>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {

Result<std::optional<Pointer>> read_pointer(const Repository& repository, const GitOid& blob) {
  const SmallBlob small = TRY(repository.read_small_blob(blob, kPointerBytesMax - 1));
  if (!small.content || small.content->empty()) return std::optional<Pointer>();
  Result<Pointer> pointer = parse_pointer(*small.content);
  if (!pointer) return std::optional<Pointer>();
  return std::optional(std::move(*pointer));
}

ExportPlan::ExportPlan(const Repository& repository, const ObjectStore& store,
                       PathSelection selection, Found found)
    : repository_(repository),
      store_(store),
      selection_(std::move(selection)),
      lines_(lines_of_patterns(selection_.include(), selection_.exclude(), Direction::from_lfs)),
      found_(std::move(found)) {}

Result<bool> ExportPlan::plan(const std::string& path, const GitOid& blob) {
  const auto pointer = TRY(read_pointer(repository_, blob));
  if (pointer && found_) found_(path, blob, *pointer);
  return pointer.has_value();
}

Result<GitOid> ExportPlan::convert(const GitOid& blob, const std::string& path, PackWriter& pack) {
  const auto pointer = TRY(read_pointer(repository_, blob));
  if (!pointer) return blob;
  const auto stored = store_.find(pointer->id());
  if (!stored) {
    return Error(Errc::not_found, "object " + pointer->oid.hex() + " of " + path +
                                      " is neither here nor on the remote");
  }
  const Fd file = TRY(open_file(*stored, O_RDONLY));
  return TRY_CONTEXT("read " + *stored, pack.add_file(file.get(), pointer->size));
}

}  // namespace lazylfs::lfs
