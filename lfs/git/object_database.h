// Git objects by id. Private to lfs/git.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/git/libgit2.h"

namespace lazylfs::lfs {

struct GitObject {
  git_object_t type = GIT_OBJECT_INVALID;
  std::string data;
};

struct GitObjectHeader {
  git_object_t type = GIT_OBJECT_INVALID;
  std::uint64_t size = 0;
};

// Thread-safe. libgit2 lets threads share a git_odb, but a look-up that misses re-reads the list of
// packs, which is no longer safe beside another look-up; so each thread borrows a git_odb of its
// own from a pool. They are cheap: packs and their windows are shared between them.
class ObjectDatabase {
 public:
  // `promisor`: objects may be missing and be fetched later by somebody else.
  ObjectDatabase(std::string objects_folder, std::vector<std::string> alternates, bool promisor);

  // Errc::not_found when the object is not here, Errc::corrupt when it cannot be read.
  Result<GitObjectHeader> header(const GitOid& oid) const;
  // Errc::invalid when larger than `bytes_max`, which is found out before it is inflated: for
  // blobs.
  Result<GitObject> read(const GitOid& oid, std::uint64_t bytes_max) const;
  // The same for commits, trees and tags, whose size is looked at afterwards: git had them in
  // memory when they came, and the size of a packed object costs a walk along all of its deltas.
  Result<GitObject> read_structure(const GitOid& oid, std::uint64_t bytes_max) const;
  // The header, and the content of a blob that is no larger than `bytes_max` (else it is empty).
  struct Small {
    GitObjectHeader header;
    std::string data;
  };
  Result<Small> read_if_small(const GitOid& oid, std::uint64_t bytes_max) const;
  // Those of `oids` that are not here.
  Result<std::vector<GitOid>> missing(const std::vector<GitOid>& oids) const;

  // Closes the packs when nobody has read since the last call. To be called now and then.
  void close_if_idle() const;

  // Another program has written objects: look again.
  void objects_changed() { ++generation_; }

 private:
  // One git_odb, and what the pack folder was like when it read the list of packs.
  struct View {
    OdbHandle odb;
    std::int64_t packs_stamp = -1;  // -1: not known to be complete
    std::uint64_t generation = 0;
    std::uint64_t epoch = 0;  // of the pool
  };
  class Lease;

  Result<View> borrow() const;
  Result<View> open() const;
  void give_back(View view) const;
  void refresh(View& view) const;
  // Errc::not_found when it is not here.
  Result<GitObjectHeader> header_in(View& view, const GitOid& oid) const;
  static Result<GitObject> read_in(View& view, const GitOid& oid);
  bool contains(View& view, const git_oid& oid) const;
  std::int64_t packs_stamp() const;

  std::string objects_folder_;
  std::vector<std::string> alternates_;
  bool promisor_;
  std::atomic<std::uint64_t> generation_{0};
  struct Pool {
    std::vector<View> idle;
    std::uint64_t borrowed = 0;
    std::uint64_t borrowed_at_last_look = 0;
    std::uint64_t epoch = 0;
  };
  Guarded<Pool> pool_;
};

}  // namespace lazylfs::lfs
