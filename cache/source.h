// Where the cache gets bytes from. The adapter to lfs::Downloader is in fs/ and cli/.
#pragma once

#include <memory>

#include "lfs/base/fd.h"
#include "lfs/base/fetch.h"
#include "lfs/base/oid.h"

namespace lazylfs::cache {

// Implementations are thread-safe; start() does not block on the network.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Begins to deliver `range` of `id` to `sink` (see lazylfs::ByteSink for the contract).
  virtual std::unique_ptr<Fetch> start(const ObjectId& id, ByteRange range, Priority priority,
                                       std::shared_ptr<ByteSink> sink) = 0;

  // An open descriptor on a complete local copy of the object, if there is one outside the cache
  // (the repository's own store): such an object is read in place and never copied. Empty if not.
  virtual Fd open_local(const ObjectId& id) = 0;
};

}  // namespace lazylfs::cache
