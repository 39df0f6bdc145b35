#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/fd.h"
#include "lfs/git/config.h"
#include "lfs/git/repository.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;

std::string name_of(const Error& error) { return std::string(errc_name(error.code())); }

// A partial clone: only commits and trees are here until somebody asks for a blob.
class PartialCloneTest : public GitFixture {
 protected:
  Repository open(const std::string& name) {
    Result<Repository> repository = Repository::discover(path(name));
    EXPECT_TRUE(repository) << repository.error().message();
    return std::move(repository).value();
  }
  static GitOid oid(const std::string& hex) { return *GitOid::parse(hex); }

  void make_partial_clone() {
    make_repository("origin");
    for (int i = 0; i < 30; ++i) {
      write("origin/many/f" + std::to_string(i), "content " + std::to_string(i));
    }
    commit("origin");
    git("origin", {"config", "uploadpack.allowFilter", "true"});
    git("origin", {"config", "uploadpack.allowAnySHA1InWant", "true"});
    git("", {"clone", "-q", "--bare", "--filter=blob:none", "file://" + path("origin"), "p.git"});
  }
};

TEST_F(PartialCloneTest, MissingBlobsComeInOneFetch) {
  make_partial_clone();
  const Repository repository = open("p.git");
  const GitOid many = oid(git("origin", {"rev-parse", "HEAD:many"}));
  std::vector<GitOid> blobs;
  for (const TreeEntry& entry : *repository.read_tree(many)) blobs.push_back(entry.oid);
  ASSERT_EQ(blobs.size(), 30U);
  for (const GitOid& blob : blobs) EXPECT_TRUE(repository.blob_header(blob)->missing);
  EXPECT_TRUE(repository.read_small_blob(blobs[0], 100)->header.missing);
  EXPECT_EQ(name_of(repository.read_blob(blobs[0], 100).error()), "not_found");

  const auto packs = [&] {
    int count = 0;
    for (const auto& file : std::filesystem::directory_iterator(path("p.git/objects/pack"))) {
      if (file.path().extension() == ".idx") ++count;
    }
    return count;
  };
  const int before = packs();
  const Result<void> fetched = repository.fetch_missing(blobs);
  ASSERT_TRUE(fetched) << fetched.error().message();
  EXPECT_EQ(packs(), before + 1);
  for (const GitOid& blob : blobs) EXPECT_FALSE(repository.blob_header(blob)->missing);
  EXPECT_THAT(*repository.read_blob(blobs[0], 100), testing::StartsWith("content "));
  EXPECT_TRUE(repository.fetch_missing(blobs));
  EXPECT_EQ(packs(), before + 1) << "nothing was missing, so nothing is fetched";
}

TEST_F(PartialCloneTest, ConcurrentCallersShareOneFetch) {
  make_partial_clone();
  const Repository repository = open("p.git");
  std::vector<GitOid> blobs;
  for (const TreeEntry& entry :
       *repository.read_tree(oid(git("origin", {"rev-parse", "HEAD:many"})))) {
    blobs.push_back(entry.oid);
  }
  std::atomic<int> failed{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        if (!repository.fetch_missing(blobs)) ++failed;
      });
    }
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(PartialCloneTest, ARemoteThatIsGoneIsATransientFailure) {
  make_partial_clone();
  const GitOid blob = oid(git("origin", {"rev-parse", "HEAD:many/f1"}));
  std::filesystem::remove_all(path("origin"));
  const Result<void> fetched = open("p.git").fetch_missing({blob});
  ASSERT_FALSE(fetched);
  EXPECT_EQ(name_of(fetched.error()), "transient");
  EXPECT_THAT(fetched.error().message(), HasSubstr("fetch missing objects from origin"));
}

TEST_F(PartialCloneTest, LfsconfigIsFetchedWhenItIsMissing) {
  make_repository("origin");
  write("origin/.lfsconfig", "[lfs]\n url = https://h/fetched\n");
  commit("origin");
  git("origin", {"config", "uploadpack.allowFilter", "true"});
  git("", {"clone", "-q", "--bare", "--filter=blob:none", "file://" + path("origin"), "p.git"});
  EXPECT_EQ(open("p.git").config().get("lfs.url"), "https://h/fetched");
}

}  // namespace
}  // namespace lazylfs::lfs
