#include "tests/server/object_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
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

std::uint64_t ObjectStore::partial_size(const std::string& oid) const {
  struct stat status {};
  const bool found = ::stat((path_of(oid) + ".tus").c_str(), &status) == 0;
  return found ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<std::uint64_t> ObjectStore::append(const std::string& oid, std::uint64_t size,
                                          RequestBody& body,
                                          std::optional<std::uint64_t> bytes_max) {
  const std::string target = path_of(oid);
  const std::string partial = target + ".tus";
  TRY(make_folders(parent_path(target)));
  std::uint64_t appended = 0;
  {
    const Fd file = TRY(open_file(partial, O_WRONLY | O_CREAT | O_APPEND, 0644));
    TRY(body.read_all([&](std::span<const std::byte> piece) -> Result<void> {
      const std::uint64_t room = bytes_max.value_or(UINT64_MAX) - appended;
      const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(room, piece.size()));
      TRY(write_all(file.get(), piece.first(kept)));
      appended += kept;
      return kept < piece.size() ? Result<void>(Error(Errc::io, "cut")) : Result<void>();
    }));
  }
  if (partial_size(oid) < size) return appended;
  const std::string content = TRY(read_file(partial, static_cast<std::size_t>(size)));
  if (Sha256::of(content).hex() != oid) {
    std::remove(partial.c_str());
    return Error(Errc::corrupt, "the content does not match its oid and size");
  }
  if (std::rename(partial.c_str(), target.c_str()) != 0) {
    return Error::from_errno("rename " + partial, errno);
  }
  return appended;
}

ObjectId ObjectStore::add_synthetic(std::uint64_t size, std::uint64_t seed) {
  const ObjectId id = Synthetic(seed).identify(size);
  synthetic_.lock()->insert_or_assign(id.oid.hex(), Made{.size = size, .seed = seed});
  return id;
}

}  // namespace lazylfs::server
