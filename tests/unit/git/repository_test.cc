#include "lfs/git/repository.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/fd.h"
#include "lfs/git/config.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

std::string name_of(const Error& error) { return std::string(errc_name(error.code())); }

class RepositoryTest : public GitFixture {
 protected:
  Repository open(const std::string& name) {
    Result<Repository> repository = Repository::discover(path(name));
    EXPECT_TRUE(repository) << repository.error().message();
    return std::move(repository).value();
  }
  static GitOid oid(const std::string& hex) { return *GitOid::parse(hex); }
};

TEST_F(RepositoryTest, AWorkTreeIsFoundFromEveryPlaceInside) {
  make_repository("r");
  for (const char* place : {"r", "r/", "r/dir", "r/a.txt", "r/.git", "r/.git/refs"}) {
    const Result<Repository> repository = Repository::discover(path(place));
    ASSERT_TRUE(repository) << place << ": " << repository.error().message();
    EXPECT_EQ(repository->git_folder(), path("r/.git")) << place;
    EXPECT_EQ(repository->common_folder(), path("r/.git"));
    EXPECT_EQ(repository->work_tree(), path("r"));
    EXPECT_FALSE(repository->is_bare());
  }
}

TEST_F(RepositoryTest, ABareRepositoryHasNoWorkTree) {
  make_repository("r");
  git("", {"clone", "-q", "--bare", "r", "b.git"});
  const Repository repository = open("b.git");
  EXPECT_TRUE(repository.is_bare());
  EXPECT_EQ(repository.git_folder(), path("b.git"));
  EXPECT_EQ(repository.current_branch(), "refs/heads/main");
}

TEST_F(RepositoryTest, ALinkedWorkTreeSharesTheCommonFolder) {
  make_repository("r");
  git("r", {"worktree", "add", "-q", "-b", "side", "../w"});
  const Repository repository = open("w/dir");
  EXPECT_EQ(repository.git_folder(), path("r/.git/worktrees/w"));
  EXPECT_EQ(repository.common_folder(), path("r/.git"));
  EXPECT_EQ(repository.work_tree(), path("w"));
  EXPECT_EQ(repository.current_branch(), "refs/heads/side");
}

TEST_F(RepositoryTest, GitDirDecidesForTheCurrentFolderOnly) {
  make_repository("r");
  make_repository("other");
  const ScopedEnvironment git_dir("GIT_DIR", path("r/.git"));
  const ScopedEnvironment work_tree("GIT_WORK_TREE", path("r/dir"));
  const Result<Repository> here = Repository::discover(".");
  ASSERT_TRUE(here) << here.error().message();
  EXPECT_EQ(here->git_folder(), path("r/.git"));
  EXPECT_EQ(here->work_tree(), path("r/dir"));
  EXPECT_EQ(open("other").git_folder(), path("other/.git"));
}

TEST_F(RepositoryTest, NoRepositoryIsOneClearLine) {
  const Result<Repository> none = Repository::discover(root_);
  ASSERT_FALSE(none);
  EXPECT_EQ(name_of(none.error()), "not_found");
  EXPECT_THAT(none.error().message(), HasSubstr("not a git repository"));
  const Result<Repository> nowhere = Repository::discover(path("nowhere"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(name_of(nowhere.error()), "not_found");
  EXPECT_EQ(nowhere.error().message(), path("nowhere") + ": no such file or folder");
}

TEST_F(RepositoryTest, ASha256RepositoryIsUnsupported) {
  git("", {"init", "-q", "--object-format=sha256", "r"});
  const Result<Repository> repository = Repository::discover(path("r"));
  ASSERT_FALSE(repository);
  EXPECT_EQ(name_of(repository.error()), "unsupported");
  EXPECT_THAT(repository.error().message(), HasSubstr("sha256"));
}

TEST_F(RepositoryTest, AnUnknownExtensionIsUnsupported) {
  make_repository("r");
  git("r", {"config", "core.repositoryformatversion", "1"});
  git("r", {"config", "extensions.future", "true"});
  const Result<Repository> repository = Repository::discover(path("r"));
  ASSERT_FALSE(repository);
  EXPECT_EQ(name_of(repository.error()), "unsupported");
}

TEST_F(RepositoryTest, SomebodyElsesRepositoryIsDeniedWithGitsAdvice) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a repository away";
  make_repository("r");
  for (const char* part : {"r", "r/.git"}) ASSERT_EQ(::chown(path(part).c_str(), 12345, 12345), 0);
  const Result<Repository> denied = Repository::discover(path("r/dir"));
  ASSERT_FALSE(denied);
  EXPECT_EQ(name_of(denied.error()), "denied");
  EXPECT_THAT(denied.error().message(), HasSubstr("safe.directory"));

  write("global", "[safe]\n directory = *\n");
  const ScopedEnvironment global("GIT_CONFIG_GLOBAL", path("global"));
  EXPECT_TRUE(Repository::discover(path("r/dir")));
}

TEST_F(RepositoryTest, CommitsAreFoundByEveryName) {
  make_repository("r");
  const std::string first = git("r", {"rev-parse", "HEAD"});
  git("r", {"tag", "light"});
  git("r", {"tag", "-a", "-m", "t", "v1.0"});
  commit("r", "second");
  const std::string second = git("r", {"rev-parse", "HEAD"});
  git("", {"clone", "-q", "r", "c"});
  const Repository repository = open("c");
  for (const auto& [name, expected] :
       std::vector<std::pair<std::string, std::string>>{{"HEAD", second},
                                                        {"main", second},
                                                        {"refs/heads/main", second},
                                                        {"origin/main", second},
                                                        {"light", first},
                                                        {"v1.0", first},
                                                        {"HEAD~1", first},
                                                        {"main^", first},
                                                        {first, first},
                                                        {first.substr(0, 8), first},
                                                        {"v1.0^{commit}", first}}) {
    const Result<Commit> commit = repository.resolve_commit(name);
    ASSERT_TRUE(commit) << name << ": " << commit.error().message();
    EXPECT_EQ(commit->oid.hex(), expected) << name;
    EXPECT_EQ(commit->time, 1700000000);
    EXPECT_EQ(commit->tree.hex(), git("r", {"rev-parse", expected + "^{tree}"}));
  }
}

TEST_F(RepositoryTest, AnUnknownRevisionSuggestsANearOne) {
  make_repository("r");
  git("r", {"branch", "feature/login"});
  const Repository repository = open("r");
  const auto message = [&](const char* name) {
    const Result<Commit> commit = repository.resolve_commit(name);
    EXPECT_EQ(name_of(commit.error()), "not_found");
    return commit.error().message();
  };
  EXPECT_EQ(message("mian"), "no branch, tag or commit 'mian'; did you mean 'main'?");
  EXPECT_EQ(message("maim"), "no branch, tag or commit 'maim'; did you mean 'main'?");
  EXPECT_THAT(message("feature/lgoin"), HasSubstr("did you mean 'feature/login'?"));
  EXPECT_EQ(message("quite-different"), "no branch, tag or commit 'quite-different'");
  EXPECT_THAT(message("HEAD:a.txt"), HasSubstr("is a blob, not a commit"));
  EXPECT_FALSE(repository.resolve_commit(""));
  EXPECT_FALSE(repository.resolve_commit(std::string(40, '1')));
}

TEST_F(RepositoryTest, AnEmptyRepositoryHasNoCommit) {
  git("", {"init", "-q", "r"});
  const Result<Commit> commit = open("r").resolve_commit("HEAD");
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().message(), "the repository has no commit yet");
}

TEST_F(RepositoryTest, TreesTellKindsAndFolders) {
  make_repository("r");
  const Repository repository = open("r");
  const Commit head = *repository.resolve_commit("HEAD");
  const auto entries = repository.read_tree(head.tree);
  ASSERT_TRUE(entries);
  std::vector<std::pair<std::string, EntryKind>> found;
  for (const TreeEntry& entry : *entries) found.emplace_back(entry.name, entry.kind);
  EXPECT_THAT(
      found,
      ElementsAre(std::pair("a.txt", EntryKind::file), std::pair("dir", EntryKind::folder),
                  std::pair("link", EntryKind::symlink), std::pair("run", EntryKind::executable)));
  const auto dir = repository.tree_at(head.tree, "dir/");
  ASSERT_TRUE(dir);
  EXPECT_EQ(repository.read_tree(*dir)->at(0).name, "b.txt");
  EXPECT_EQ(*repository.tree_at(head.tree, ""), head.tree);
  for (const char* wrong : {"nothing", "a.txt", "dir/b.txt", "link", "../r"}) {
    EXPECT_EQ(name_of(repository.tree_at(head.tree, wrong).error()), "not_found") << wrong;
  }
}

TEST_F(RepositoryTest, HostileNamesAreDropped) {
  make_repository("r");
  const std::string blob = git("r", {"rev-parse", "HEAD:a.txt"});
  std::string raw;
  const auto add = [&](const std::string& mode, const std::string& name) {
    raw += mode + ' ' + name + '\0';
    for (const std::uint8_t byte : oid(blob).bytes) raw += static_cast<char>(byte);
  };
  for (const char* name : {".", "..", ".git", ".GIT", "a/b", "", "../../etc/passwd"}) {
    add("100644", name);
  }
  add("100644", std::string(256, 'x'));
  add("060000", "strange-mode");
  add("100644", "good");
  add("120000", "good");
  add("100644", "\xff\xfe");
  write("tree", raw);
  const std::string tree =
      git("r", {"hash-object", "-w", "--literally", "-t", "tree", path("tree")});
  const auto entries = open("r").read_tree(oid(tree));
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ(entries->at(0).name, "good");
  EXPECT_EQ(entries->at(0).kind, EntryKind::file);
  EXPECT_EQ(entries->at(1).name, "\xff\xfe");
}

TEST_F(RepositoryTest, ATruncatedTreeIsCorrupt) {
  make_repository("r");
  write("tree", "100644 name");
  const std::string tree =
      git("r", {"hash-object", "-w", "--literally", "-t", "tree", path("tree")});
  EXPECT_EQ(name_of(open("r").read_tree(oid(tree)).error()), "corrupt");
}

TEST_F(RepositoryTest, BlobsAreReadWithinTheirLimit) {
  make_repository("r");
  const Repository repository = open("r");
  const GitOid blob = oid(git("r", {"rev-parse", "HEAD:a.txt"}));
  const auto header = repository.blob_header(blob);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->size, 6U);
  EXPECT_FALSE(header->missing);
  EXPECT_EQ(*repository.read_blob(blob, 6), "alpha\n");
  EXPECT_EQ(name_of(repository.read_blob(blob, 5).error()), "invalid");
  const GitOid tree = oid(git("r", {"rev-parse", "HEAD^{tree}"}));
  EXPECT_EQ(name_of(repository.read_blob(tree, 1000).error()), "corrupt");
  EXPECT_EQ(name_of(repository.read_tree(blob).error()), "not_found");
}

TEST_F(RepositoryTest, ASmallBlobComesWithItsHeader) {
  make_repository("r");
  const Repository repository = open("r");
  const GitOid blob = oid(git("r", {"rev-parse", "HEAD:a.txt"}));
  const auto small = repository.read_small_blob(blob, 6);
  ASSERT_TRUE(small);
  EXPECT_EQ(small->header.size, 6U);
  EXPECT_EQ(small->content, "alpha\n");
  const auto large = repository.read_small_blob(blob, 5);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->header.size, 6U);
  EXPECT_EQ(large->content, std::nullopt);
  EXPECT_EQ(name_of(repository.read_small_blob(oid(std::string(40, '1')), 9).error()), "corrupt");
  const GitOid tree = oid(git("r", {"rev-parse", "HEAD^{tree}"}));
  EXPECT_EQ(name_of(repository.read_small_blob(tree, 9999).error()), "corrupt");
}

// The views of the object database are closed and opened again on the way.
TEST_F(RepositoryTest, ThousandsOfReadsFromSeveralThreadsSucceed) {
  make_repository("r");
  git("r", {"repack", "-qad"});
  const Repository repository = open("r");
  const GitOid blob = oid(git("r", {"rev-parse", "HEAD:a.txt"}));
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> readers;
    for (int thread = 0; thread < 4; ++thread) {
      readers.emplace_back([&] {
        for (int i = 0; i < 3000; ++i) {
          if (repository.read_blob(blob, 100).value_or("") != "alpha\n") ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(RepositoryTest, AMissingBlobIsCorruptionWhereNoRemotePromisesIt) {
  make_repository("r");
  const Repository repository = open("r");
  const GitOid absent = oid(std::string(40, '1'));
  EXPECT_EQ(name_of(repository.blob_header(absent).error()), "corrupt");
  EXPECT_EQ(name_of(repository.read_blob(absent, 10).error()), "not_found");
  EXPECT_EQ(name_of(repository.fetch_missing({absent}).error()), "corrupt");
  EXPECT_TRUE(repository.fetch_missing({}));
}

TEST_F(RepositoryTest, ADamagedBlobIsCorrupt) {
  make_repository("r");
  const std::string hex = git("r", {"rev-parse", "HEAD:a.txt"});
  const std::string file = path("r/.git/objects/" + hex.substr(0, 2) + "/" + hex.substr(2));
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  ASSERT_TRUE(write_file_atomically(file, "junk"));
  EXPECT_EQ(name_of(open("r").read_blob(oid(hex), 100).error()), "corrupt");
}

TEST_F(RepositoryTest, ABlobOfAnySizeIsStreamed) {
  make_repository("r");
  std::string big(40U << 20U, 'b');
  for (std::size_t i = 0; i < big.size(); i += 4096) big[i] = static_cast<char>(i >> 12U);
  write("r/big", big);
  commit("r");
  const Repository repository = open("r");
  for (const char* name : {"big", "a.txt"}) {
    const GitOid blob = oid(git("r", {"rev-parse", std::string("HEAD:") + name}));
    {
      const Result<Fd> out = open_file(path("out"), O_WRONLY | O_CREAT | O_TRUNC);
      ASSERT_TRUE(repository.write_blob_to(blob, out->get()));
    }
    EXPECT_TRUE(*read_file(path("out"), 1U << 30U) ==
                *read_file(path(std::string("r/") + name), 1U << 30U));
  }
}

TEST_F(RepositoryTest, ObjectsPackedLaterAreSeen) {
  make_repository("r");
  const Repository repository = open("r");
  const GitOid blob = oid(git("r", {"rev-parse", "HEAD:a.txt"}));
  EXPECT_TRUE(repository.read_blob(blob, 10));
  write("r/late.txt", "late\n");
  commit("r");
  git("r", {"repack", "-qad"});
  git("r", {"prune-packed"});
  const GitOid late = oid(git("r", {"rev-parse", "HEAD:late.txt"}));
  EXPECT_EQ(*repository.read_blob(late, 10), "late\n");
  EXPECT_EQ(*repository.read_blob(blob, 10), "alpha\n");
  EXPECT_EQ(repository.resolve_commit("HEAD")->oid.hex(), git("r", {"rev-parse", "HEAD"}));
}

TEST_F(RepositoryTest, RefsArePeeledToCommits) {
  make_repository("r");
  git("r", {"tag", "-a", "-m", "t", "v1"});
  git("r", {"tag", "blob-tag", "HEAD:a.txt"});
  git("r", {"update-ref", "refs/notes/x", "HEAD"});
  git("", {"clone", "-q", "r", "c"});
  std::vector<std::string> names;
  for (const RefName& ref : open("c").refs()) {
    names.push_back(ref.name);
    EXPECT_EQ(ref.target.hex(), git("r", {"rev-parse", "HEAD"})) << ref.name;
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("refs/heads/main", "refs/remotes/origin/HEAD",
                                                   "refs/remotes/origin/main", "refs/tags/v1"));
}

TEST_F(RepositoryTest, ADetachedHeadHasNoBranch) {
  make_repository("r");
  git("r", {"checkout", "-q", "--detach"});
  EXPECT_EQ(open("r").current_branch(), "");
}

TEST_F(RepositoryTest, EveryConfigScopeIsRead) {
  make_repository("r");
  write("global", "[lfs]\n a = global\n b = global\n[include]\n path = " + path("more") + "\n");
  write("more", "[lfs]\n c = included\n");
  git("r", {"config", "lfs.b", "local"});
  git("r", {"config", "extensions.worktreeConfig", "true"});
  git("r", {"config", "--worktree", "lfs.d", "worktree"});
  const ScopedEnvironment global("GIT_CONFIG_GLOBAL", path("global"));
  const ScopedEnvironment count("GIT_CONFIG_COUNT", "1");
  const ScopedEnvironment key("GIT_CONFIG_KEY_0", "lfs.e");
  const ScopedEnvironment value("GIT_CONFIG_VALUE_0", "counted");
  const ScopedEnvironment parameters("GIT_CONFIG_PARAMETERS", "'lfs.f'='command'");
  const Repository repository = open("r");
  const Config& config = repository.config();
  EXPECT_EQ(config.get("lfs.a"), "global");
  EXPECT_EQ(config.get("lfs.b"), "local");
  EXPECT_EQ(config.get("lfs.c"), "included");
  EXPECT_EQ(config.get("lfs.d"), "worktree");
  EXPECT_EQ(config.get("lfs.e"), "counted");
  EXPECT_EQ(config.get("lfs.f"), "command");
  EXPECT_EQ(config.get("core.hookspath"), std::nullopt) << "our own settings must not show";
}

TEST_F(RepositoryTest, LfsconfigLiesBelowGitsConfigAndUnsafeKeysAreToldOnce) {
  make_repository("r");
  git("r", {"config", "lfs.fetchinclude", "from-git"});
  write("r/.lfsconfig", "[lfs]\n url = https://h/x\n fetchinclude = low\n sshtransfer = bad\n");
  const Repository repository = open("r");
  testing::internal::CaptureStderr();
  EXPECT_EQ(repository.config().get("lfs.url"), "https://h/x");
  EXPECT_EQ(repository.config().get("lfs.fetchinclude"), "from-git");
  EXPECT_EQ(repository.config().get("lfs.sshtransfer"), std::nullopt);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: These unsafe '.lfsconfig' keys were ignored:\n\n  lfs.sshtransfer\n");
}

TEST_F(RepositoryTest, LfsconfigComesFromFileThenIndexThenHead) {
  make_repository("r");
  const auto url = [&](const std::string& name) { return open(name).config().get("lfs.url"); };
  EXPECT_EQ(url("r"), std::nullopt);
  write("r/.lfsconfig", "[lfs]\n url = head\n");
  commit("r");
  git("", {"clone", "-q", "--bare", "r", "b.git"});
  write("r/.lfsconfig", "[lfs]\n url = index\n");
  git("r", {"add", "-A"});
  write("r/.lfsconfig", "[lfs]\n url = file\n");
  EXPECT_EQ(url("r"), "file");
  std::filesystem::remove(path("r/.lfsconfig"));
  EXPECT_EQ(url("r"), "index");
  git("r", {"rm", "-q", "--cached", ".lfsconfig"});
  EXPECT_EQ(url("r"), "head");
  EXPECT_EQ(url("b.git"), "head");
}

TEST_F(RepositoryTest, LfsconfigThatIsALinkIsNotFollowed) {
  make_repository("r");
  write("secret", "[lfs]\n url = stolen\n");
  std::filesystem::create_symlink(path("secret"), path("r/.lfsconfig"));
  EXPECT_EQ(open("r").config().get("lfs.url"), std::nullopt);
}

// Goal: threads may read while packs appear and vanish.
TEST_F(RepositoryTest, ThreadsReadWhileGitRepacks) {
  make_repository("r");
  std::vector<GitOid> blobs;
  for (int i = 0; i < 60; ++i) write("r/f" + std::to_string(i), "file " + std::to_string(i));
  commit("r");
  for (int i = 0; i < 60; ++i) {
    blobs.push_back(oid(git("r", {"rev-parse", "HEAD:f" + std::to_string(i)})));
  }
  const Repository repository = open("r");
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> rounds{0};
  std::vector<std::jthread> readers;
  for (int thread = 0; thread < 4; ++thread) {
    readers.emplace_back([&] {
      while (!stop) {
        for (std::size_t i = 0; i < blobs.size(); ++i) {
          const Result<std::string> text = repository.read_blob(blobs[i], 100);
          if (!text || *text != "file " + std::to_string(i)) ++wrong;
        }
        if (!repository.resolve_commit("main")) ++wrong;
        ++rounds;
      }
    });
  }
  for (int i = 0; i < 4; ++i) {
    write("r/more" + std::to_string(i), "x");
    commit("r");
    git("r", {"repack", "-qad"});
  }
  while (rounds < 8) std::this_thread::yield();
  stop = true;
  readers.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(RepositoryTest, EnvironmentsAlternatesAreSearched) {
  make_repository("r");
  make_repository("other");
  write("other/only.txt", "only here\n");
  commit("other");
  const GitOid blob = oid(git("other", {"rev-parse", "HEAD:only.txt"}));
  EXPECT_EQ(name_of(open("r").read_blob(blob, 100).error()), "not_found");
  const ScopedEnvironment alternates("GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                     path("other/.git/objects"));
  EXPECT_EQ(*open("r").read_blob(blob, 100), "only here\n");
}

}  // namespace
}  // namespace lazylfs::lfs
