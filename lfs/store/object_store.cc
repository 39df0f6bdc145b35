#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

ObjectStore::ObjectStore(std::string folder, LocalStore local, unsigned shared_mode)
    : folder_(std::move(folder)), local_(std::move(local)), shared_mode_(shared_mode) {}

ObjectStore ObjectStore::of(const Repository& repository) {
  return ObjectStore(repository.common_folder() + "/lfs", LocalStore::of(repository), 0);
}

}  // namespace lazylfs::lfs
