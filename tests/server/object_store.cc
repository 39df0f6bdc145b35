#include "tests/server/object_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>

#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "tests/server/synthetic.h"

namespace lazylfs::server {

std::string ObjectStore::path_of(const std::string& oid) const {
  return folder_ + "/" + oid.substr(0, 2) + "/" + oid.substr(2, 2) + "/" + oid;
}

std::optional<std::uint64_t> ObjectStore::size_of(const std::string& oid) const {
  {
    auto made = synthetic_.lock();
    if (const auto found = made->find(oid); found != made->end()) return found->second.size;
  }
  struct stat info {};
  if (::stat(path_of(oid).c_str(), &info) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.st_size);
}

Result<Body> ObjectStore::open(const std::string& oid, ByteRange range) const {
  {
    auto made = synthetic_.lock();
    if (const auto found = made->find(oid); found != made->end()) {
      return Body(SyntheticBody{.seed = found->second.seed, .range = range});
    }
  }
  Fd file = TRY(open_file(path_of(oid), O_RDONLY));
  return Body(FileBody{.file = std::move(file), .range = range});
}

Result<std::uint64_t> ObjectStore::receive(const std::string& oid,
                                           std::optional<std::uint64_t> size, RequestBody& body) {
  static std::atomic<std::uint64_t> serial{0};
  const std::string target = path_of(oid);
  const std::string incoming = target + ".incoming" + std::to_string(++serial);
  TRY(make_folders(parent_path(target)));
  Sha256 hash;
  {
    const Fd file = TRY(open_file(incoming, O_WRONLY | O_CREAT | O_EXCL, 0644));
    const Result<void> received =
        body.read_all([&](std::span<const std::byte> piece) -> Result<void> {
          hash.update(piece);
          return write_all(file.get(), piece);
        });
    if (!received) {
      std::remove(incoming.c_str());
      return received.error();
    }
  }
  const bool genuine =
      hash.digest().hex() == oid && (!size.has_value() || *size == hash.bytes_hashed());
  if (!genuine) {
    std::remove(incoming.c_str());
    return Error(Errc::corrupt, "the content does not match its oid and size");
  }
  if (std::rename(incoming.c_str(), target.c_str()) != 0) {
    return Error::from_errno("rename " + incoming, errno);
  }
  return hash.bytes_hashed();
}

ObjectId ObjectStore::add_synthetic(std::uint64_t size, std::uint64_t seed) {
  const ObjectId id = Synthetic(seed).identify(size);
  synthetic_.lock()->insert_or_assign(id.oid.hex(), Made{.size = size, .seed = seed});
  return id;
}

}  // namespace lazylfs::server
