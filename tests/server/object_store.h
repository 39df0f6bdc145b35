// The objects that the server has: files below a folder, and synthetic ones.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "lfs/base/guarded.h"
#include "tests/server/http_message.h"

namespace lazylfs::server {

// Thread-safe. Files may also be put into place by others (aa/bb/<oid> below the folder).
class ObjectStore {
 public:
  explicit ObjectStore(std::string folder) : folder_(std::move(folder)) {}

  std::optional<std::uint64_t> size_of(const std::string& oid) const;
  // The bytes of `range`, which must lie within the object.
  Result<Body> open(const std::string& oid, ByteRange range) const;
  // Takes an upload. Errc::corrupt when its content does not match `oid`, or `size` if given.
  Result<std::uint64_t> receive(const std::string& oid, std::optional<std::uint64_t> size,
                                RequestBody& body);
  // How much of an upload in parts (tus) is here.
  std::uint64_t partial_size(const std::string& oid) const;
  // Appends to it; the object is complete at `size` bytes. Keeps no more than `bytes_max` of the
  // body, and then fails, as if the connection had broken. Errc::corrupt as for receive().
  Result<std::uint64_t> append(const std::string& oid, std::uint64_t size, RequestBody& body,
                               std::optional<std::uint64_t> bytes_max);
  ObjectId add_synthetic(std::uint64_t size, std::uint64_t seed);

 private:
  struct Made {
    std::uint64_t size, seed;
  };
  std::string path_of(const std::string& oid) const;

  std::string folder_;
  Guarded<std::map<std::string, Made>> synthetic_;
};

}  // namespace lazylfs::server
