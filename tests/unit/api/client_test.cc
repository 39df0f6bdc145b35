#include "lfs/api/client.h"

#include <future>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/api/credentials.h"
#include "lfs/base/guarded.h"
#include "lfs/base/process.h"
#include "tests/unit/api/sandbox.h"
#include "tests/unit/http/raw_server.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

const ObjectId kA = {*Oid::parse(std::string(64, 'a')), 3};
const ObjectId kB = {*Oid::parse(std::string(64, 'b')), 4};
const ObjectId kC = {*Oid::parse(std::string(64, 'c')), 5};

RawResponse json(int status, const std::string& body) {
  return {status, {{"Content-Type", "application/vnd.git-lfs+json; charset=utf-8"}}, body};
}

// Offers http://storage.test/<oid> for every object that the request names.
RawResponse offer_everything(const RawRequest& request) {
  Json reply;
  reply["objects"] = Json::array();
  const Json asked = parse_json(request.body).value_or(Json{});
  for (const Json& object : asked["objects"]) {
    const std::string oid = json_string(object, "oid").value_or("");
    reply["objects"].push_back(
        {{"oid", oid},
         {"size", object["size"]},
         {"actions", {{"download", {{"href", "http://storage.test/" + oid}}}}}});
  }
  return json(200, dump_json(reply));
}

class ClientTest : public testing::Test {
 protected:
  // The endpoint is <server>/r.
  void serve(RawServer::Handler handler) {
    server_ = RawServer::answering([this, handler = std::move(handler)](const RawRequest& request) {
      requests_.lock()->push_back(request);
      return handler(request);
    });
  }
  ApiClient& client(std::vector<ConfigEntry> entries = {}) {
    entries.push_back({"http.proxy", ""});
    config_ = Config(std::move(entries));
    if (options_.endpoint.url.empty()) options_.endpoint.url = server_->url("/r");
    options_.remote = "origin";
    options_.repository_folder = sandbox_.folder();
    client_ = std::make_unique<ApiClient>(engine_, config_, metrics_, options_);
    return *client_;
  }
  void use_helper(const std::string& body) {
    const std::string helper = sandbox_.script(
        "helper", "cat >/dev/null\necho $1 >>" + sandbox_.path("verbs") + "\n" + body);
    sandbox_.write("gitconfig", "[credential]\n\thelper = " + helper + "\n");
  }
  std::vector<RawRequest> requests() { return *requests_.lock(); }

  Sandbox sandbox_;
  Metrics metrics_;
  Guarded<std::vector<RawRequest>> requests_;
  std::unique_ptr<RawServer> server_;
  HttpEngine engine_{metrics_};
  Config config_;
  ApiClientOptions options_;
  std::unique_ptr<ApiClient> client_;
};

TEST_F(ClientTest, ABatchCallAsksInTheServersMediaType) {
  serve(offer_everything);
  options_.ref = "refs/heads/main";
  const auto objects = client().batch_download({kA, kB, kA});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  ASSERT_EQ(objects->size(), 3U);
  EXPECT_EQ(objects->at(2).download->href, "http://storage.test/" + kA.oid.hex());
  const RawRequest request = requests().at(0);
  EXPECT_EQ(request.method + " " + request.target, "POST /r/objects/batch");
  EXPECT_EQ(request.header("Accept"), "application/vnd.git-lfs+json");
  EXPECT_EQ(request.header("Content-Type"), "application/vnd.git-lfs+json; charset=utf-8");
  EXPECT_THAT(request.body, HasSubstr(R"("ref":{"name":"refs/heads/main"})"));
  EXPECT_EQ(metrics_.get(Counter::batch_calls), 1U);
  EXPECT_EQ(metrics_.get(Counter::batch_objects), 3U);
  EXPECT_FALSE(client_->last_trouble().has_value());
}

TEST_F(ClientTest, APackedAnswerIsUnpacked) {
  // {"objects":[]} by gzip
  const std::string packed(
      "\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\xAB\x56\xCA\x4F\xCA\x4A\x4D\x2E"
      "\x29\x56\xB2\x8A\x8E\xAD\x05\x00\x64\x24\xAB\x8B\x0E\x00\x00\x00",
      34);
  serve([&](const RawRequest& request) {
    RawResponse answer = json(200, packed);
    if (request.header("Accept-Encoding") == "gzip") {
      answer.headers.push_back({"Content-Encoding", "gzip"});
    }
    return answer;
  });
  const auto objects = client().batch_download({kA});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  EXPECT_FALSE(objects->at(0).download);
}

TEST_F(ClientTest, ARefusedRequestIsRepeatedWithCredentialsAndTheModeIsKept) {
  const std::string good = "Basic " + base64_encode("me:good");
  serve([&](const RawRequest& request) {
    if (request.header("Authorization") == good) return offer_everything(request);
    return RawResponse{401, {{"Lfs-Authenticate", "Basic realm=\"lfs\""}}, ""};
  });
  ASSERT_TRUE(run_command({{"git", "init", "-q"}, sandbox_.folder(), {}, {}}).has_value());
  use_helper("[ $1 = get ] && printf 'username=me\\npassword=good\\n'\nexit 0\n");
  const auto objects = client().batch_download({kA});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  EXPECT_EQ(requests().size(), 2U);
  EXPECT_EQ(requests().at(0).header("Authorization"), "");
  EXPECT_EQ(sandbox_.read("verbs"), "get\nstore\n");
  EXPECT_THAT(sandbox_.read(".git/config"), HasSubstr("access = basic"));
  ASSERT_TRUE(client_->batch_download({kB}).has_value());
  EXPECT_EQ(requests().size(), 3U) << "known credentials go along at once";
}

TEST_F(ClientTest, WrongCredentialsAreRejectedAndGivenUpAfterThreeAttempts) {
  serve([](const RawRequest&) { return RawResponse{401, {}, ""}; });
  use_helper("[ $1 = get ] && printf 'username=me\\npassword=bad\\n'\nexit 0\n");
  const auto objects = client().batch_download({kA});
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code(), Errc::denied);
  EXPECT_THAT(objects.error().message(), HasSubstr("too many authentication attempts"));
  EXPECT_EQ(requests().size(), 4U);  // anonymous, then three attempts
  EXPECT_THAT(sandbox_.read("verbs"), HasSubstr("erase"));
  EXPECT_EQ(client_->last_trouble()->status, 401);
}

TEST_F(ClientTest, WithoutCredentialsTheServersRefusalStands) {
  serve([](const RawRequest&) { return RawResponse{401, {}, ""}; });
  const auto objects = client().batch_download({kA});
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code(), Errc::denied);
  EXPECT_EQ(requests().size(), 1U);
}

TEST_F(ClientTest, ConcurrentCallersShareOnePrompt) {
  const std::string good = "Basic " + base64_encode("me:good");
  constexpr int kCallers = 6;
  std::latch all_refused(kCallers);
  serve([&](const RawRequest& request) {
    if (request.header("Authorization") == good) return offer_everything(request);
    all_refused.arrive_and_wait();
    return RawResponse{401, {}, ""};
  });
  use_helper("[ $1 = get ] && printf 'username=me\\npassword=good\\n'\nexit 0\n");
  ApiClient& shared = client();
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&] { EXPECT_TRUE(shared.batch_download({kA}).has_value()); });
    }
  }
  EXPECT_EQ(metrics_.get(Counter::auth_prompts), 1U);
}

// git before 2.46 drops what it does not know of the credential protocol, so git itself is faked.
TEST_F(ClientTest, ACredentialOfSeveralStepsCarriesItsStateAndIsNotRejectedMidway) {
  serve([](const RawRequest& request) {
    if (request.header("Authorization") == "Multi two") return offer_everything(request);
    return RawResponse{401, {{"WWW-Authenticate", "Multi realm=\"x\""}}, ""};
  });
  sandbox_.script("git", "input=$(cat)\necho $2 >>" + sandbox_.path("verbs") + "\n" +
                             "[ \"$2\" = fill ] || exit 0\n" +
                             "case $input in\n  *'state[]=first'*) "
                             "printf 'authtype=Multi\\ncredential=two\\n';;\n"
                             "  *) printf 'authtype=Multi\\ncredential=one\\nstate[]=first\\n"
                             "continue=1\\n';;\nesac\n");
  sandbox_.set("PATH", sandbox_.folder() + ":" + env_or_empty("PATH"));
  const auto objects = client().batch_download({kA});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  EXPECT_THAT(sandbox_.read("verbs"), testing::StartsWith("fill\nfill\napprove\n"));
}

TEST_F(ClientTest, StatusesKeepTheirMeaningAndTheServersWords) {
  int status = 403;
  serve([&](const RawRequest&) {
    return json(status, R"({"message":"Why\nnot","request_id":"id-7"})");
  });
  const struct {
    int status;
    Errc code;
  } kCases[] = {{403, Errc::denied},      {404, Errc::not_found}, {422, Errc::invalid},
                {501, Errc::unsupported}, {400, Errc::invalid},   {418, Errc::invalid}};
  ApiClient& one = client();
  for (const auto& row : kCases) {
    status = row.status;
    const auto objects = one.batch_download({kA});
    ASSERT_FALSE(objects.has_value());
    EXPECT_EQ(objects.error().code(), row.code) << row.status;
    EXPECT_THAT(objects.error().message(), HasSubstr("Why not"));
    EXPECT_EQ(one.last_trouble()->status, row.status);
    EXPECT_EQ(one.last_trouble()->request_id, "id-7");
  }
}

TEST_F(ClientTest, WhatIsNoLfsServerIsCorrupt) {
  serve([](const RawRequest&) {
    return RawResponse{200, {{"Content-Type", "text/html"}}, "<html>Please log in"};
  });
  EXPECT_EQ(client().batch_download({kA}).error().code(), Errc::corrupt);
}

TEST_F(ClientTest, ATooLargeBatchIsHalvedUntilItFits) {
  serve([](const RawRequest& request) {
    const Json body = parse_json(request.body).value_or(Json{});
    return body["objects"].size() > 1 ? json(413, "{}") : offer_everything(request);
  });
  const auto objects = client().batch_download({kA, kB, kC});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  ASSERT_EQ(objects->size(), 3U);
  for (const BatchObject& object : *objects) EXPECT_TRUE(object.download.has_value());
  EXPECT_EQ(objects->at(1).id, kB);
}

TEST_F(ClientTest, AnOverloadedServerIsAskedAgain) {
  int calls = 0;
  serve([&](const RawRequest& request) {
    ++calls;
    if (calls == 1) return RawResponse{429, {{"Retry-After", "0"}}, ""};
    if (calls == 2) return RawResponse{503, {{"Retry-After", "0"}}, ""};
    return offer_everything(request);
  });
  EXPECT_TRUE(client().batch_download({kA}).has_value());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(metrics_.get(Counter::http_retries), 2U);
}

TEST_F(ClientTest, ARetryBeyondTheDeadlineIsNotWaitedFor) {
  serve([](const RawRequest&) { return RawResponse{429, {{"Retry-After", "3600"}}, ""}; });
  const auto objects = client().batch_download({kA});
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code(), Errc::timed_out);
  EXPECT_EQ(client_->last_trouble()->attempts, 1);
}

TEST_F(ClientTest, ASilentServerTimesOutAtTheDeadline) {
  server_ =
      std::make_unique<RawServer>([](RawConnection& connection) { connection.wait_for_close(); });
  options_.batch_deadline = milliseconds(60);
  const auto objects = client().batch_download({kA});
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code(), Errc::timed_out);
}

TEST_F(ClientTest, StopEndsACallUnderWay) {
  std::latch arrived(1);
  server_ = std::make_unique<RawServer>([&](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    arrived.count_down();
    connection.wait_for_close();
  });
  ApiClient& one = client();
  auto call = std::async(std::launch::async, [&] { return one.batch_download({kA}); });
  arrived.wait();
  one.stop();
  EXPECT_EQ(call.get().error().code(), Errc::cancelled);
  EXPECT_EQ(one.batch_download({kA}).error().code(), Errc::cancelled);
}

TEST_F(ClientTest, ARedirectKeepsMethodAndBodyButNoCredentialsOfTheFirstHost) {
  RawRequest seen;
  const auto other = RawServer::answering([&](const RawRequest& request) {
    seen = request;
    return offer_everything(request);
  });
  serve([&](const RawRequest&) {
    return RawResponse{302, {{"Location", other->url("/moved/objects/batch")}}, ""};
  });
  const auto objects =
      client({{"http." + server_->url() + "/.extraheader", "Authorization: Basic secret"}})
          .batch_download({kA});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  EXPECT_EQ(requests().at(0).header("Authorization"), "Basic secret");
  EXPECT_EQ(seen.method + " " + seen.target, "POST /moved/objects/batch");
  EXPECT_EQ(seen.body, requests().at(0).body);
  EXPECT_EQ(seen.header("Authorization"), "");
  EXPECT_EQ(seen.header("Accept"), "application/vnd.git-lfs+json");
}

TEST_F(ClientTest, ARedirectLoopEnds) {
  serve([](const RawRequest& request) {
    return RawResponse{307, {{"Location", request.target}}, ""};
  });
  const auto objects = client().batch_download({kA});
  ASSERT_FALSE(objects.has_value());
  EXPECT_THAT(objects.error().message(), HasSubstr("too many redirects"));
  EXPECT_EQ(requests().size(), 6U);
}

TEST_F(ClientTest, OurCredentialsGoToOurHostAndNoOther) {
  serve(offer_everything);
  sandbox_.write(".netrc", "machine 127.0.0.1 login me password pw\n");
  ApiClient& one = client({{"lfs." + server_->url("/r") + ".access", "basic"}});
  const auto authorization = [&](const Action& action) {
    const Result<HttpRequest> request = one.prepare_download(action, {0, 3});
    if (!request) return request.error().message();
    for (const Header& header : request->headers) {
      if (header.name == "Authorization") return header.value;
    }
    return std::string();
  };
  Action action;
  action.href = server_->url("/r/o");
  EXPECT_EQ(authorization(action), "Basic " + base64_encode("me:pw"));
  action.authenticated = true;
  EXPECT_EQ(authorization(action), "");
  action.authenticated = false;
  action.headers = {{"Authorization", "Bearer theirs"}};
  EXPECT_EQ(authorization(action), "Bearer theirs");
  action.headers.clear();
  action.href = "https://storage.test/o?sig=1";
  EXPECT_EQ(authorization(action), "");
}

TEST_F(ClientTest, StorageThatWantsCredentialsGetsItsOwn) {
  serve(offer_everything);
  sandbox_.write(".netrc", "machine storage.test login me password pw\n");
  ApiClient& one = client();
  const Action action = {"https://storage.test/o", {}, std::nullopt, false};
  const Result<HttpRequest> first = one.prepare_download(action, {0, 3});
  ASSERT_TRUE(first.has_value());
  HttpHead refusal;
  refusal.status = 401;
  EXPECT_TRUE(one.renew_credentials(*first, refusal));
  const Result<HttpRequest> second = one.prepare_download(action, {0, 3});
  ASSERT_TRUE(second.has_value());
  ASSERT_FALSE(second->headers.empty());
  EXPECT_EQ(second->headers.back().value, "Basic " + base64_encode("me:pw"));
  EXPECT_EQ(second->range, (ByteRange{0, 3}));

  refusal.status = 403;
  EXPECT_FALSE(one.renew_credentials(*second, refusal));
  HttpRequest theirs = *first;
  theirs.headers = {{"Authorization", "Bearer of the server's"}};
  refusal.status = 401;
  EXPECT_FALSE(one.renew_credentials(theirs, refusal));
}

TEST_F(ClientTest, HrefsAreRewrittenOnlyWhenAsked) {
  serve(offer_everything);
  const ConfigEntry rewrite = {"url.https://mirror.test/.insteadof", "https://storage.test/"};
  const Action action = {"https://storage.test/o", {}, std::nullopt, true};
  EXPECT_EQ(client({rewrite}).prepare_download(action, {0, 1})->url, "https://storage.test/o");
  EXPECT_EQ(client({rewrite, {"lfs.transfer.enablehrefrewrite", "true"}})
                .prepare_download(action, {0, 1})
                ->url,
            "https://mirror.test/o");
}

TEST_F(ClientTest, AnSshRemoteIsAskedForItsServerAndHeaders) {
  serve([](const RawRequest& request) {
    if (request.header("Authorization") == "RemoteAuth good") return offer_everything(request);
    return RawResponse{401, {}, ""};
  });
  sandbox_.set("GIT_SSH",
               sandbox_.script("fake_ssh", "echo x >>" + sandbox_.path("calls") + "\n[ $(wc -l <" +
                                               sandbox_.path("calls") +
                                               ") -gt 1 ] && t=good || t=stale\n"
                                               "printf '{\"href\":\"%s\",\"header\":"
                                               "{\"Authorization\":\"RemoteAuth %s\"}}' " +
                                               server_->url("/ssh") + " $t\n"));
  options_.endpoint.url = "https://h.test/r.git/info/lfs";
  options_.endpoint.ssh = SshTarget{"git@h.test", "r.git", std::nullopt};
  const auto objects = client().batch_download({kA});
  ASSERT_TRUE(objects.has_value()) << objects.error().message();
  EXPECT_EQ(requests().back().target, "/ssh/objects/batch");
  EXPECT_EQ(sandbox_.read("calls"), "x\nx\n") << "a refused answer is asked for once more";
}

}  // namespace
}  // namespace lazylfs::lfs
