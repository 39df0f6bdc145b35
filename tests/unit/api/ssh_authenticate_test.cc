#include "lfs/api/ssh_authenticate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/api/sandbox.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;

class SshAuthenticateTest : public testing::Test {
 protected:
  std::vector<std::string> argv(SshTarget target, std::vector<ConfigEntry> entries = {}) {
    const Result<Command> command = ssh_command(Config(std::move(entries)), target, "cmd");
    return command ? command->argv
                   : std::vector<std::string>{std::string(errc_name(command.error().code()))};
  }
  // A fake ssh that logs its arguments and then runs `body`.
  void use_ssh(const std::string& body) {
    sandbox_.set("GIT_SSH", sandbox_.script("fake_ssh", "echo \"$@\" >>" + sandbox_.path("calls") +
                                                            "\n" + body + "\n"));
  }
  Result<SshGrant> ask(std::vector<ConfigEntry> entries = {{"lfs.ssh.retries", "0"}}) {
    config_ = Config(std::move(entries));
    authenticator_ = std::make_unique<SshAuthenticator>(config_, target_, sandbox_.folder());
    return authenticator_->get(Operation::download);
  }

  Sandbox sandbox_;
  Config config_;
  const SshTarget target_ = {"git@h", "a/b.git", std::uint16_t{2222}};
  std::unique_ptr<SshAuthenticator> authenticator_;
};

TEST_F(SshAuthenticateTest, TheProgramFollowsGitLfsOrder) {
  EXPECT_THAT(argv(target_), ElementsAre("ssh", "-p", "2222", "git@h", "cmd"));
  EXPECT_THAT(argv(target_, {{"core.sshcommand", "s -v"}}),
              ElementsAre("sh", "-c", "s -v \"$@\"", "s -v", "-p", "2222", "git@h", "cmd"));
  sandbox_.set("GIT_SSH", "/x/plink");
  EXPECT_THAT(argv(target_, {{"core.sshcommand", "s"}}),
              ElementsAre("/x/plink", "-P", "2222", "git@h", "cmd"));
  sandbox_.set("GIT_SSH_COMMAND", "'/y/TortoisePlink.exe' -x");
  EXPECT_THAT(argv(target_), testing::Contains("-batch"));
  sandbox_.set("GIT_SSH_VARIANT", "ssh");
  EXPECT_THAT(argv(target_), testing::Contains("-p"));
}

TEST_F(SshAuthenticateTest, AHostIsNeverReadAsAnOption) {
  EXPECT_THAT(argv({"-oProxyCommand=evil", "p", std::nullopt}),
              ElementsAre("ssh", "--", "-oProxyCommand=evil", "cmd"));
  EXPECT_THAT(argv({"-oProxyCommand=evil", "p", std::nullopt}, {{"ssh.variant", "plink"}}),
              ElementsAre("ssh", "oProxyCommand=evil", "cmd"));
  EXPECT_THAT(argv({"a\nb", "p", std::nullopt}), ElementsAre("invalid"));
  EXPECT_THAT(argv({"---", "p", std::nullopt}, {{"ssh.variant", "putty"}}), ElementsAre("invalid"));
}

TEST_F(SshAuthenticateTest, ThePathIsQuotedOnlyWhenItMustBe) {
  const auto command = [](const std::string& path) {
    const Result<std::string> text =
        authenticate_command({"h", path, std::nullopt}, Operation::download);
    return text ? *text : std::string(errc_name(text.error().code()));
  };
  EXPECT_EQ(command("a/b.git"), "git-lfs-authenticate a/b.git download");
  EXPECT_EQ(command("a b'; rm -rf $HOME"),
            "git-lfs-authenticate 'a b'\\''; rm -rf $HOME' download");
  EXPECT_EQ(command("-upload"), "invalid");
  EXPECT_EQ(command("a\nb"), "invalid");
}

TEST_F(SshAuthenticateTest, TheAnswerIsRememberedUntilItIsForgotten) {
  use_ssh(R"(echo '{"href":"https://lfs.h/r/","header":{"Authorization":"RemoteAuth x"},)"
          R"("expires_in":600}')");
  const Result<SshGrant> grant = ask();
  ASSERT_TRUE(grant.has_value()) << grant.error().message();
  EXPECT_EQ(grant->href, "https://lfs.h/r");
  ASSERT_EQ(grant->headers.size(), 1U);
  EXPECT_EQ(grant->headers[0].value, "RemoteAuth x");
  ASSERT_TRUE(authenticator_->get(Operation::download).has_value());
  const std::string once = "-p 2222 git@h git-lfs-authenticate a/b.git download\n";
  EXPECT_EQ(sandbox_.read("calls"), once);
  authenticator_->forget();
  ASSERT_TRUE(authenticator_->get(Operation::download).has_value());
  EXPECT_EQ(sandbox_.read("calls"), once + once);
}

TEST_F(SshAuthenticateTest, AnExpiredAnswerIsAskedAgain) {
  use_ssh(R"(echo '{"header":{},"expires_in":5}')");
  ASSERT_TRUE(ask().has_value());
  ASSERT_TRUE(authenticator_->get(Operation::download).has_value());
  const std::string calls = sandbox_.read("calls");
  EXPECT_EQ(std::count(calls.begin(), calls.end(), '\n'), 2);
}

TEST_F(SshAuthenticateTest, AMissingCommandMeansTheGuessedEndpoint) {
  use_ssh("echo 'sh: git-lfs-authenticate: not found' >&2; exit 127");
  const Result<SshGrant> grant = ask();
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->href, "");
  EXPECT_TRUE(grant->headers.empty());
}

TEST_F(SshAuthenticateTest, AFailureIsRetriedThenToldWithItsText) {
  use_ssh("echo 'Permission denied (publickey).' >&2; exit 255");
  const Result<SshGrant> grant = ask({{"lfs.ssh.retries", "1"}});
  ASSERT_FALSE(grant.has_value());
  EXPECT_EQ(grant.error().code(), Errc::unreachable);
  EXPECT_THAT(grant.error().message(), testing::HasSubstr("Permission denied (publickey)."));
  const std::string calls = sandbox_.read("calls");
  EXPECT_EQ(std::count(calls.begin(), calls.end(), '\n'), 2);
}

TEST_F(SshAuthenticateTest, HostileAnswersAreRefused) {
  EXPECT_EQ(parse_ssh_grant("Welcome!", 0).error().code(), Errc::corrupt);
  EXPECT_EQ(parse_ssh_grant("[]", 0).error().code(), Errc::corrupt);
  EXPECT_EQ(parse_ssh_grant(R"({"href":"file:///x"})", 0).error().code(), Errc::invalid);
  EXPECT_EQ(parse_ssh_grant(R"({"header":{"A":"b\r\nC: d"}})", 0).error().code(), Errc::invalid);
  EXPECT_EQ(
      parse_ssh_grant(R"({"expires_in":7,"expires_at":"2001-01-01T00:00:00Z"})", 100)->expires_at,
      107);
}

}  // namespace
}  // namespace lazylfs::lfs
