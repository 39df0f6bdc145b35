#include "lfs/api/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/api/netrc.h"
#include "tests/unit/api/sandbox.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(NetrcTest, TheMachinesEntryIsFound) {
  constexpr std::string_view kText =
      "# a comment machine h\n"
      "machine other login a password b\n"
      "macdef init\ncd /\nmachine h login macro password macro\n\n"
      "machine h\n  login me\n  account x\n  password \"se cret\\\"\"\n"
      "machine h login second password second\n"
      "default login anonymous password guest\n";
  EXPECT_EQ(find_netrc_login(kText, "H")->login, "me");
  EXPECT_EQ(find_netrc_login(kText, "h")->password, "se cret\"");
  EXPECT_EQ(find_netrc_login(kText, "unknown")->login, "anonymous");
  EXPECT_FALSE(find_netrc_login("machine h login a", "x").has_value());
  EXPECT_FALSE(find_netrc_login("login machine", "x").has_value());
}

TEST(Base64Test, MatchesTheStandard) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode("\xff\xfe\xfd"), "//79");
}

class CredentialsTest : public testing::Test {
 protected:
  CredentialStore store(std::vector<ConfigEntry> entries = {}) {
    config_ = Config(std::move(entries));
    return CredentialStore(config_, metrics_, {sandbox_.folder(), false, std::chrono::seconds(20)});
  }
  // A credential helper that logs its input by verb and answers with `answer`.
  void use_helper(const std::string& answer) {
    const std::string helper =
        sandbox_.script("helper", "cat >>" + sandbox_.path("log_") +
                                      "$1\n[ \"$1\" = get ] || exit 0\nprintf '" + answer + "'\n");
    sandbox_.write("gitconfig", "[credential]\n\thelper = " + helper + "\n");
  }
  static Url url(const char* text) { return *Url::parse(text); }

  Sandbox sandbox_;
  Metrics metrics_;
  Config config_;
};

TEST_F(CredentialsTest, GitsHelperIsAskedToldAndForgotten) {
  use_helper("username=me\\npassword=secret\\n");
  CredentialStore credentials = store();
  const Url where = url("https://h.test:8443/r.git/info/lfs");
  const Result<Credential> credential = credentials.fill(where, {"Basic realm=\"x\""});
  ASSERT_TRUE(credential.has_value()) << credential.error().message();
  EXPECT_EQ(credential->authorization(), "Basic " + base64_encode("me:secret"));
  EXPECT_THAT(sandbox_.read("log_get"), HasSubstr("protocol=https\nhost=h.test:8443\n"));
  EXPECT_THAT(sandbox_.read("log_get"), Not(HasSubstr("path=")));
  EXPECT_EQ(metrics_.get(Counter::auth_prompts), 1U);

  credentials.approve(where, *credential);
  EXPECT_THAT(sandbox_.read("log_store"), HasSubstr("password=secret\n"));
  EXPECT_TRUE(credentials.fill(where, {}).has_value());
  EXPECT_EQ(metrics_.get(Counter::auth_prompts), 1U) << "an approved credential is not asked again";

  credentials.reject(where, *credential);
  EXPECT_THAT(sandbox_.read("log_erase"), HasSubstr("username=me\n"));
  EXPECT_TRUE(credentials.fill(where, {}).has_value());
  EXPECT_EQ(metrics_.get(Counter::auth_prompts), 2U);
}

TEST_F(CredentialsTest, ThePathIsSentOnlyWhenAskedFor) {
  use_helper("username=me\\npassword=secret\\n");
  CredentialStore credentials = store({{"credential.https://h.test.usehttppath", "true"}});
  sandbox_.write("gitconfig", sandbox_.read("gitconfig") + "\tuseHttpPath = true\n");
  ASSERT_TRUE(credentials.fill(url("https://h.test/a%20b"), {}).has_value());
  EXPECT_THAT(sandbox_.read("log_get"), HasSubstr("path=a b\n"));
}

TEST_F(CredentialsTest, AValueThatWouldAddALineIsRefused) {
  use_helper("username=me\\npassword=secret\\n");
  CredentialStore credentials = store();
  for (const char* text :
       {"https://a%0ahost=evil@h.test/", "https://a%00@h.test/", "https://a%0d@h.test/"}) {
    const Result<Credential> credential = credentials.fill(url(text), {});
    ASSERT_FALSE(credential.has_value()) << text;
    EXPECT_EQ(credential.error().code(), Errc::denied);
  }
  EXPECT_FALSE(credentials.fill(url("https://h.test/"), {"Basic\nhost=evil"}).has_value());
  EXPECT_EQ(sandbox_.read("log_get"), "");
}

TEST_F(CredentialsTest, NobodyKnowingIsDeniedWithAdviceAndWithoutAPrompt) {
  CredentialStore credentials = store();
  const Result<Credential> credential = credentials.fill(url("https://u:@h.test/r"), {});
  ASSERT_FALSE(credential.has_value());
  EXPECT_EQ(credential.error().code(), Errc::denied);
  EXPECT_THAT(credential.error().message(),
              HasSubstr("Git credentials for https://h.test/r not found"));
}

TEST_F(CredentialsTest, UrlAndNetrcComeFirstUntilTheyAreRefused) {
  use_helper("username=helper\\npassword=h\\n");
  sandbox_.write(".netrc", "machine h.test login net password rc\n");
  CredentialStore credentials = store();
  const Url with_password = url("https://url:p%40ss@h.test/r");
  const Result<Credential> from_url = credentials.fill(with_password, {});
  EXPECT_EQ(from_url->password, "p@ss");
  credentials.reject(with_password, *from_url);
  EXPECT_NE(credentials.fill(with_password, {})->password, "p@ss");

  const Url plain = url("https://h.test:444/r");
  const Result<Credential> from_netrc = credentials.fill(plain, {});
  EXPECT_EQ(from_netrc->username, "net");
  credentials.reject(plain, *from_netrc);
  EXPECT_EQ(credentials.fill(plain, {})->username, "helper");
}

TEST_F(CredentialsTest, AskpassIsUsedWhenThereIsNoHelper) {
  sandbox_.set("GIT_ASKPASS",
               sandbox_.script("askpass", "echo \"$1\" >>" + sandbox_.path("asked") +
                                              "\ncase \"$1\" in User*) echo me;; *) echo pw;; "
                                              "esac\n"));
  CredentialStore credentials = store();
  const Result<Credential> credential = credentials.fill(url("https://h.test/r"), {});
  ASSERT_TRUE(credential.has_value()) << credential.error().message();
  EXPECT_EQ(credential->username + ":" + credential->password, "me:pw");
  EXPECT_EQ(sandbox_.read("asked"),
            "Username for \"https://h.test\"\nPassword for \"https://me@h.test\"\n");

  use_helper("username=helper\\npassword=h\\n");
  CredentialStore with_helper = store({{"credential.helper", "some"}});
  EXPECT_EQ(with_helper.fill(url("https://h.test/r"), {})->username, "helper");
}

TEST_F(CredentialsTest, AReadyMadeCredentialIsSentAsItIs) {
  Credential credential;
  credential.authtype = "Bearer";
  credential.credential = "token";
  EXPECT_EQ(credential.authorization(), "Bearer token");
}

}  // namespace
}  // namespace lazylfs::lfs
