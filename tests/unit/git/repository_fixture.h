// What the tests of the class Repository share.
#pragma once

#include <string>
#include <utility>

#include "lfs/git/repository.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {

inline std::string name_of(const Error& error) { return std::string(errc_name(error.code())); }

class RepositoryTest : public GitFixture {
 protected:
  Repository open(const std::string& name) {
    Result<Repository> repository = Repository::discover(path(name));
    EXPECT_TRUE(repository) << repository.error().message();
    return std::move(repository).value();
  }
  static GitOid oid(const std::string& hex) { return *GitOid::parse(hex); }
};

}  // namespace lazylfs::lfs
