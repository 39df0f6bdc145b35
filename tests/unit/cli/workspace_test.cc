#include "cli/workspace.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/sandbox.h"

namespace lazylfs::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class WorkspaceTest : public Sandbox {
 protected:
  WorkspaceTest() { git({"init", "-q", "-b", "main", "."}); }

  std::unique_ptr<Workspace> open(Need need = Need::work_tree, bool prepare = false) {
    auto opened = Workspace::open(context_, need, prepare);
    if (!opened) {
      ADD_FAILURE() << opened.error().message();
      return nullptr;
    }
    code_ = ExitCode::ok;
    if (const auto* code = std::get_if<ExitCode>(&*opened)) {
      code_ = *code;
      return nullptr;
    }
    return std::move(std::get<std::unique_ptr<Workspace>>(*opened));
  }
  void commit() { git({"commit", "-q", "--allow-empty", "-m", "one"}); }
  std::string remote(bool push = false) { return open()->remote(push); }

  std::ostringstream out_, err_;
  Metrics metrics_;
  Context context_{.out = out_, .err = err_, .metrics = metrics_, .commands = {}};
  ExitCode code_ = ExitCode::ok;
};

TEST_F(WorkspaceTest, ThePrefixIsTheFolderBelowTheRoot) {
  EXPECT_EQ(open()->prefix(), "");
  make_folders(repository + "/a/b").value();
  std::filesystem::current_path(repository + "/a/b");
  EXPECT_EQ(open()->prefix(), "a/b/");
}

TEST_F(WorkspaceTest, WhatIsMissingIsSaidInUpstreamsWords) {
  std::filesystem::current_path(repository + "/.git");
  EXPECT_EQ(open(Need::work_tree), nullptr);
  EXPECT_EQ(code_, ExitCode::no_repository);
  EXPECT_EQ(out_.str(), "This operation must be run in a work tree.\n");
  EXPECT_NE(open(Need::repository), nullptr);
  out_.str("");
  std::filesystem::current_path(root);
  EXPECT_EQ(open(Need::repository), nullptr);
  EXPECT_EQ(code_, ExitCode::no_repository);
  EXPECT_EQ(out_.str(), "Not in a Git repository.\n");
  EXPECT_EQ(open(Need::nothing), nullptr);
  EXPECT_EQ(code_, ExitCode::ok);
}

TEST_F(WorkspaceTest, TheFormatVersionIsWrittenOnceAndChecked) {
  EXPECT_NE(open(Need::repository, true), nullptr);
  EXPECT_THAT(read_file(repository + "/.git/config", 1U << 16U).value_or(""),
              HasSubstr("[lfs]\n\trepositoryformatversion = 0\n"));
  git({"config", "lfs.repositoryformatversion", "7"});
  EXPECT_NE(open(Need::repository, false), nullptr);
  EXPECT_EQ(open(Need::repository, true), nullptr);
  EXPECT_EQ(code_, ExitCode::no_repository);
  EXPECT_EQ(out_.str(), "Unknown repository format version: 7\n");
}

TEST_F(WorkspaceTest, TheRemoteFollowsTheBranchThenTheDefaults) {
  commit();
  EXPECT_EQ(remote(), "origin");
  git({"remote", "add", "only", "https://example.org/x.git"});
  EXPECT_EQ(remote(), "only");
  git({"remote", "add", "second", "https://example.org/y.git"});
  EXPECT_EQ(remote(), "origin");
  git({"config", "remote.lfsdefault", "second"});
  EXPECT_EQ(remote(), "second");
  git({"config", "branch.main.remote", "only"});
  EXPECT_EQ(remote(), "only");
}

TEST_F(WorkspaceTest, ThePushRemoteHasRulesOfItsOwn) {
  commit();
  git({"config", "branch.main.remote", "fetched"});
  EXPECT_EQ(remote(true), "fetched");
  git({"config", "remote.pushDefault", "a"});
  EXPECT_EQ(remote(true), "a");
  git({"config", "remote.lfspushdefault", "b"});
  EXPECT_EQ(remote(true), "b");
  git({"config", "branch.main.pushRemote", "c"});
  EXPECT_EQ(remote(true), "c");
  EXPECT_EQ(remote(false), "fetched");
}

TEST_F(WorkspaceTest, TheRefForTheServerFollowsPushDefault) {
  EXPECT_EQ(open()->api_ref(), "");
  commit();
  EXPECT_EQ(open()->api_ref(), "refs/heads/main");
  git({"config", "branch.main.merge", "refs/heads/theirs"});
  EXPECT_EQ(open()->api_ref(), "refs/heads/theirs");
  git({"config", "push.default", "current"});
  EXPECT_EQ(open()->api_ref(), "refs/heads/main");
  git({"checkout", "-q", "--detach"});
  EXPECT_EQ(open()->api_ref(), "HEAD");
}

TEST_F(WorkspaceTest, OnlyErrorsOfTheServerLeaveALog) {
  const auto workspace = open();
  EXPECT_EQ(report_fatal(context_, *workspace, Error(Errc::not_found, "gone")), ExitCode::fatal);
  EXPECT_EQ(err_.str(), "gone\n");
  EXPECT_FALSE(is_folder(workspace->store().log_folder()));
  err_.str("");
  const Error broken(Errc::transient, "Server error: https://example.org/x");
  EXPECT_EQ(report_fatal(context_, *workspace, broken), ExitCode::fatal);
  EXPECT_THAT(err_.str(), StartsWith(broken.message() + "\n\nErrors logged to '" +
                                     workspace->store().log_folder() + "/"));
  EXPECT_THAT(err_.str(), HasSubstr("\nUse `git lfs logs last` to view the log.\n"));
}

TEST_F(WorkspaceTest, ALogHoldsNoPassword) {
  commit();
  git({"remote", "add", "origin", "https://user:secret@example.org/x.git"});
  ::setenv("GIT_CONFIG_PARAMETERS", "'http.extraHeader=Authorization: secret'", 1);
  const auto workspace = open();
  report_panic(context_, *workspace, Error(Errc::io, "told"));
  ::unsetenv("GIT_CONFIG_PARAMETERS");
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(workspace->store().log_folder())) {
    text += read_file(entry.path(), 1U << 20U).value_or("");
  }
  EXPECT_THAT(text, HasSubstr("Environment:\nLocalWorkingDir="));
  EXPECT_THAT(text, testing::Not(HasSubstr("secret")));
}

TEST_F(WorkspaceTest, OneAliasForTwoAddressesIsToldOf) {
  git({"config", "url.https://a.example/.insteadOf", "short:"});
  git({"config", "url.https://b.example/.insteadOf", "short:"});
  git({"config", "url.https://b.example/.pushInsteadOf", "short:"});
  warn_of_ambiguous_aliases(context_, open()->config());
  EXPECT_EQ(err_.str(),
            "warning: Multiple 'url.*.insteadof' keys with the same alias: \"short:\"\n");
}

}  // namespace
}  // namespace lazylfs::cli
