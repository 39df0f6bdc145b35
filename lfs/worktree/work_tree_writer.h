// Replaces pointer files of the work tree by the objects they stand for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lfs/git/repository.h"
#include "lfs/scan/pointer_scan.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

enum class CheckoutState {
  written,
  untouched,     // not ours to write: changed, deleted on purpose, outside of a sparse checkout
  object_absent  // the object is not in the store; a missing file is its pointer now
};

// Thread-safe. Modified files are never overwritten, and no symbolic link is followed.
class WorkTreeWriter {
 public:
  // `repository` and `store` must outlive it.
  static Result<std::unique_ptr<WorkTreeWriter>> open(const Repository& repository,
                                                      const ObjectStore& store);
  WorkTreeWriter(const WorkTreeWriter&) = delete;
  WorkTreeWriter& operator=(const WorkTreeWriter&) = delete;
  ~WorkTreeWriter();

  // Errc::invalid, in upstream's words, when something else than a file, or than a folder on the
  // way to it, is in its place.
  Result<CheckoutState> check_out(const PointerFile& file);

  // Tells the index what the written files look like now, so that git need not filter each to see
  // that nothing changed. Once, after the last check_out().
  Result<void> refresh_index();

 private:
  class Impl;
  explicit WorkTreeWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Writes the object at `source` to `path`, which may be anywhere; what is there is replaced, but
// for a folder with something in it.
Result<void> write_object_to(const std::string& source, const std::string& path);

}  // namespace lazylfs::lfs
