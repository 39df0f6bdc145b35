#include "lfs/git/repository.h"
namespace lazylfs::lfs {
Result<void> clone_repository(const CloneOptions&) { return Error(Errc::unsupported, "later"); }
Result<void> update_clone(const std::string&, const std::string&, bool) {
  return Error(Errc::unsupported, "later");
}
}  // namespace lazylfs::lfs
