// Servers that ignore Range: one stream of an object serves every fetch of it that is under way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

class RangeFetch;

// Thread-compatible: belongs to the HTTP engine's thread.
class WholeStreams {
 public:
  // True when nobody streams `oid`: the caller now does. Else false.
  bool try_own(const Oid& oid);
  // `fetch` gets the stream's bytes from here on; at the stream's end it tries by itself for what
  // it still lacks. Kept until then. False when nobody streams `oid`.
  bool follow(const Oid& oid, std::shared_ptr<RangeFetch> fetch);

  // From the owner.
  void data(const Oid& oid, std::uint64_t offset, std::span<const std::byte> bytes);
  void end(const Oid& oid, std::uint64_t position, const Result<void>& result);

 private:
  struct Stream {
    std::vector<std::shared_ptr<RangeFetch>> followers;
  };
  std::unordered_map<Oid, Stream> streams_;
};

}  // namespace lazylfs::lfs
