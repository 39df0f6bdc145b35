#include <atomic>

#include "lfs/queue/agents.h"
#include "tests/unit/queue/fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AdaptersTest : public QueueTest {
 protected:
  // An agent that copies objects from and to a folder, and notes what it is told.
  void use_agent(const std::string& name, const std::string& on_object = "") {
    ASSERT_TRUE(make_folders(sandbox_.path("far")).has_value());
    const std::string far = sandbox_.path("far");
    const std::string body =
        "log=" + sandbox_.path("told") + "\nread -r init; echo \"$init\" >>$log; echo '{}'\n" +
        "while read -r line; do\n  echo \"$line\" >>$log\n" +
        "  case $line in *terminate*) exit 0;; esac\n" +
        "  oid=$(echo \"$line\" | sed 's/.*\"oid\":\"\\([0-9a-f]*\\)\".*/\\1/')\n" +
        "  path=$(echo \"$line\" | sed 's/.*\"path\":\"\\([^\"]*\\)\".*/\\1/')\n" +
        (on_object.empty() ? "  case $line in *'\"upload\"'*) cp \"$path\" " + far +
                                 "/$oid; out=;; *) cp " + far + "/$oid " + far +
                                 "/out-$oid; out=',\"path\":\"" + far + "/out-'$oid'\"';; esac\n" +
                                 "  echo '{\"event\":\"progress\",\"oid\":\"'$oid'\","
                                 "\"bytesSoFar\":2,\"bytesSinceLast\":2}'\n"
                                 "  echo '{\"event\":\"complete\",\"oid\":\"'$oid'\"'\"$out\"'}'\n"
                           : on_object) +
        "done\n";
    set("lfs.customtransfer." + name + ".path", sandbox_.script("agent of " + name, body));
    set("lfs.customtransfer." + name + ".args", "--some 'arg ument'");
  }
};

TEST_F(AdaptersTest, AStandaloneAgentMovesObjectsWithoutAServer) {
  use_agent("mine");
  set("lfs.standalonetransferagent", "mine");
  set("lfs.concurrenttransfers", "1");
  const ObjectId sent = put_locally("sent");
  EXPECT_THAT(run(Operation::upload, {{sent, "s"}}), IsEmpty());
  EXPECT_EQ(sandbox_.read("far/" + sent.oid.hex()), "sent");
  EXPECT_EQ(recorder_.bytes(sent), 2);
  const ObjectId wanted = id_of("wanted");
  sandbox_.write("far/" + wanted.oid.hex(), "wanted");
  EXPECT_THAT(run(Operation::download, {{wanted, "w"}}), IsEmpty());
  EXPECT_EQ(content_of(wanted), "wanted");
  EXPECT_THAT(requests(), IsEmpty());
  const std::string told = sandbox_.read("told");
  EXPECT_THAT(told, HasSubstr(R"({"event":"init","operation":"upload","remote":"origin",)"
                              R"("concurrent":true,"concurrenttransfers":1})"));
  EXPECT_THAT(told, HasSubstr(R"({"event":"download","oid":")" + wanted.oid.hex() +
                              R"(","size":6,"action":null})"));
  EXPECT_THAT(told, HasSubstr(R"({"event":"terminate"})"));
}

TEST_F(AdaptersTest, AnAgentThatTheServerChoosesGetsItsAction) {
  use_agent("mine");
  set("lfs.customtransfer.mine.concurrent", "false");
  const ObjectId id = put_locally("content");
  before_ = [&](const RawRequest& request) -> std::optional<RawResponse> {
    if (!request.target.ends_with("/batch")) return std::nullopt;
    RawResponse reply = batch(request);
    Json body = parse_json(reply.body).value_or(Json{});
    body["transfer"] = "mine";
    return json(200, body);
  };
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  EXPECT_THAT(requests("POST").at(0).body, HasSubstr(R"("mine")"));
  EXPECT_THAT(sandbox_.read("told"), HasSubstr(R"("action":{"href":"http)"));
}

TEST_F(AdaptersTest, WhatAnAgentBringsIsHashed) {
  use_agent("mine");
  set("lfs.standalonetransferagent", "mine");
  const ObjectId id = id_of("right");
  sandbox_.write("far/" + id.oid.hex(), "wrong");
  const auto errors = run(Operation::download, {{id, "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(), HasSubstr("expected OID " + id.oid.hex() + ", got "));
  EXPECT_EQ(content_of(id), "(absent)");
}

TEST_F(AdaptersTest, AnAgentsErrorIsTheObjectsAndTheAgentGoesOn) {
  use_agent("mine",
            "  echo '{\"event\":\"complete\",\"oid\":\"'$oid'\",\"error\":{\"code\":3,"
            "\"message\":\"no luck\"}}'\n");
  set("lfs.standalonetransferagent", "mine");
  set("lfs.concurrenttransfers", "1");
  const ObjectId a = id_of("a");
  const ObjectId b = id_of("bb");
  const auto errors = run(Operation::download, {{a, "a"}, {b, "b"}});
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_THAT(errors[1].message(), HasSubstr("[3] no luck"));
}

TEST_F(AdaptersTest, AnAgentThatDiesFailsItsObjectOnly) {
  use_agent("mine", "  exit 7\n");
  set("lfs.standalonetransferagent", "mine");
  const auto errors = run(Operation::download, {{id_of("a"), "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].message(), HasSubstr("ended unexpectedly"));
}

TEST_F(AdaptersTest, AnAgentThatCannotBeStartedIsAnError) {
  set("lfs.customtransfer.mine.path", "/nonexistent/agent");
  set("lfs.standalonetransferagent", "mine");
  EXPECT_THAT(run(Operation::download, {{id_of("a"), "a"}}), SizeIs(1));
}

TEST_F(AdaptersTest, NamesAreThoseOfTheDirection) {
  set("lfs.customtransfer.up.path", "x");
  set("lfs.customtransfer.up.direction", "upload");
  set("lfs.customtransfer.basic.path", "x");
  set("lfs.tustransfers", "true");
  EXPECT_THAT(environment().adapter_names(Operation::download),
              ElementsAre("basic", "lfs-standalone-file", "ssh"));
  EXPECT_THAT(environment().adapter_names(Operation::upload),
              ElementsAre("basic", "lfs-standalone-file", "ssh", "tus", "up"));
}

TEST_F(AdaptersTest, AFileRemoteIsReadAndWrittenInPlace) {
  const std::string far = sandbox_.path("far.git");
  ASSERT_TRUE(run_command({{"git", "init", "-q", "--bare", far}, "", {}, {}}).has_value());
  ASSERT_TRUE(
      run_command({{"git", "config", "--unset-all", "lfs.url"}, sandbox_.path("repo"), {}, {}})
          .has_value());
  set("remote.origin.url", "file://" + far);
  const ObjectId sent = put_locally("sent");
  EXPECT_THAT(run(Operation::upload, {{sent, "s"}}), IsEmpty());
  const std::string place = "lfs/objects/" + object_relative_path(sent.oid);
  EXPECT_EQ(sandbox_.read("far.git/" + place), "sent");
  ASSERT_EQ(::unlink(store().object_path(sent.oid).c_str()), 0);
  EXPECT_THAT(run(Operation::download, {{sent, "s"}}), IsEmpty());
  EXPECT_EQ(content_of(sent), "sent");
  const ObjectId absent = id_of("absent");
  const auto errors = run(Operation::download, {{absent, "a"}});
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].message(), "remote missing object " + absent.oid.hex());
}

class TusTest : public AdaptersTest {
 protected:
  // Answers as a tus server that has the object's first `offset` bytes.
  void serve_tus(std::size_t offset) {
    set("lfs.tustransfers", "true");
    before_ = [this, offset](const RawRequest& request) -> std::optional<RawResponse> {
      if (request.method == "HEAD") {
        EXPECT_EQ(request.header("Tus-Resumable"), "1.0.0");
        return RawResponse{200, {{"Upload-Offset", std::to_string(offset)}}, ""};
      }
      if (request.method == "PATCH") return RawResponse{204, {}, ""};
      if (!request.target.ends_with("/batch")) return std::nullopt;
      Json body = parse_json(batch(request).body).value_or(Json{});
      body["transfer"] = "tus";
      return json(200, body);
    };
  }
};

TEST_F(TusTest, AnUploadContinuesWhereTheServerStands) {
  serve_tus(4);
  const ObjectId id = put_locally("0123456789");
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  ASSERT_THAT(requests("PATCH"), SizeIs(1));
  EXPECT_EQ(requests("PATCH")[0].body, "456789");
  EXPECT_EQ(requests("PATCH")[0].header("Upload-Offset"), "4");
  EXPECT_EQ(requests("PATCH")[0].header("Content-Type"), "application/offset+octet-stream");
  EXPECT_EQ(recorder_.bytes(id), 10);
}

TEST_F(TusTest, ACompleteUploadIsOnlyVerified) {
  verifies_ = true;
  serve_tus(10);
  const ObjectId id = put_locally("0123456789");
  EXPECT_THAT(run(Operation::upload, {{id, "a"}}), IsEmpty());
  EXPECT_THAT(requests("PATCH"), IsEmpty());
  EXPECT_THAT(requests("POST /verify"), SizeIs(1));
}

}  // namespace
}  // namespace lazylfs::lfs
