// Repositories whose LFS files are written as pointers by hand: no filter is needed.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "lfs/base/sha256.h"
#include "lfs/git/repository.h"
#include "lfs/pointer/pointer.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {

class ScanFixture : public GitFixture {
 protected:
  static std::string pointer_of(const std::string& content) {
    Pointer pointer;
    pointer.oid = Sha256::of(content);
    pointer.size = content.size();
    return format_pointer(pointer);
  }

  void init() { git("", {"init", "-q", "-b", "main", "r"}); }
  // Commits `path` as the pointer of `content`; returns the commit.
  GitOid commit_pointer(const std::string& path, const std::string& content) {
    write("r/" + path, pointer_of(content));
    commit("r");
    return head();
  }
  GitOid head(const std::string& revision = "HEAD") {
    return GitOid::parse(git("r", {"rev-parse", revision})).value();
  }
  Repository open() { return Repository::discover(path("r")).value(); }
};

}  // namespace lazylfs::lfs
