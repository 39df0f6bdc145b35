// The bytes of blobs that are no LFS objects.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "lfs/base/fd.h"
#include "lfs/base/guarded.h"
#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::fs {

// A blob in memory, or spooled to a nameless file when large. Immutable.
struct PlainContent {
  std::string text;
  Fd file;
};

// Thread-safe. Memory is bounded by forgetting whole blobs, least recently used first.
class PlainContents {
 public:
  // `repository` must outlive this; `folder` is where large blobs are spooled.
  PlainContents(const lfs::Repository& repository, std::string folder)
      : repository_(repository), folder_(std::move(folder)) {}

  // What is in memory already; null if nothing.
  std::shared_ptr<const PlainContent> find(const lfs::GitOid& blob);
  // Reads the blob; asks git for it when it is missing here, so this may block on the network.
  Result<std::shared_ptr<const PlainContent>> load(const lfs::GitOid& blob);

 private:
  struct Cached {
    std::shared_ptr<const PlainContent> content;
    std::list<lfs::GitOid>::iterator place;
  };
  struct Recent {
    std::map<lfs::GitOid, Cached> blobs;
    std::list<lfs::GitOid> order;  // most recently used first
    std::size_t bytes = 0;
  };

  Result<std::shared_ptr<const PlainContent>> spool(const lfs::GitOid& blob);
  void keep(const lfs::GitOid& blob, const std::shared_ptr<const PlainContent>& content);

  const lfs::Repository& repository_;
  std::string folder_;
  Guarded<Recent> recent_;
};

}  // namespace lazylfs::fs
