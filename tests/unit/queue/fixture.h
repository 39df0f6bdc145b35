// A repository of its own and an LFS server in the test's hands.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/json.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/queue/transfer_queue.h"
#include "tests/unit/api/sandbox.h"
#include "tests/unit/http/raw_server.h"

namespace lazylfs::lfs {

inline ObjectId id_of(const std::string& content) { return {Sha256::of(content), content.size()}; }

// Counts what it is told.
class Recorder final : public TransferObserver {
 public:
  void expected(const TransferJob& job) override { expected_.push_back(job.name); }
  void skipped(const TransferJob& job) override { skipped_.push_back(job.name); }
  void progressed(const TransferJob& job, std::int64_t bytes) override {
    bytes_[job.id.oid] += bytes;
  }
  void finished(const TransferOutcome& outcome) override { outcomes_.push_back(outcome); }

  const std::vector<std::string>& expected_names() const { return expected_; }
  const std::vector<std::string>& skipped_names() const { return skipped_; }
  const std::vector<TransferOutcome>& outcomes() const { return outcomes_; }
  std::int64_t bytes(const ObjectId& id) { return bytes_[id.oid]; }
  const TransferOutcome* of(const ObjectId& id) const {
    for (const TransferOutcome& outcome : outcomes_) {
      if (outcome.id.oid == id.oid) return &outcome;
    }
    return nullptr;
  }

 private:
  std::vector<std::string> expected_, skipped_;
  std::map<Oid, std::int64_t> bytes_;
  std::vector<TransferOutcome> outcomes_;
};

class QueueTest : public testing::Test {
 protected:
  QueueTest() {
    EXPECT_TRUE(
        run_command({{"git", "init", "-q", sandbox_.path("repo")}, "", {}, {}}).has_value());
    server_ = RawServer::answering([this](const RawRequest& request) {
      requests_.lock()->push_back(request);
      if (before_) {
        if (auto answer = before_(request)) return *answer;
      }
      return answer(request);
    });
    set("lfs.url", server_->url("/r"));
    set("http.proxy", "");
    // Retries come at once.
    set("lfs.transfer.maxretrydelay", "0");
  }

  void set(const std::string& key, const std::string& value) {
    EXPECT_TRUE(run_command({{"git", "config", "--add", key, value}, sandbox_.path("repo"), {}, {}})
                    .has_value());
  }

  // Opens what was configured until now.
  TransferEnvironment& environment(TransferEnvironment::Options options = {}) {
    if (!environment_) {
      Result<Repository> repository = Repository::discover(sandbox_.path("repo"));
      EXPECT_TRUE(repository.has_value()) << repository.error().message();
      repository_ = std::make_unique<Repository>(std::move(*repository));
      store_ = std::make_unique<ObjectStore>(ObjectStore::of(*repository_));
      environment_ =
          std::make_unique<TransferEnvironment>(*repository_, *store_, metrics_, options);
    }
    return *environment_;
  }
  ObjectStore& store() {
    environment();
    return *store_;
  }

  // An object that the server has.
  ObjectId serve(const std::string& content) {
    const ObjectId id = id_of(content);
    (*objects_.lock())[id.oid.hex()] = content;
    return id;
  }
  // An object that the repository has.
  ObjectId put_locally(const std::string& content) {
    Result<ObjectWriter> writer = ObjectWriter::create(store());
    EXPECT_TRUE(writer->write(as_bytes(content)).has_value());
    EXPECT_TRUE(writer->commit().has_value());
    return id_of(content);
  }

  std::vector<Error> run(Operation operation, const std::vector<TransferJob>& jobs,
                         QueueOptions options = {}) {
    options.operation = operation;
    options.remote = "origin";
    TransferQueue queue(environment(), options, &recorder_);
    for (const TransferJob& job : jobs) queue.add(job);
    return queue.wait();
  }

  std::string content_of(const ObjectId& id) {
    return read_file(store().object_path(id.oid), 64U << 20U).value_or("(absent)");
  }
  std::vector<RawRequest> requests(const std::string& beginning = "") {
    std::vector<RawRequest> matching;
    for (const RawRequest& request : *requests_.lock()) {
      if ((request.method + " " + request.target).starts_with(beginning)) {
        matching.push_back(request);
      }
    }
    return matching;
  }

  static RawResponse json(int status, const Json& body) {
    return {status, {{"Content-Type", "application/vnd.git-lfs+json"}}, dump_json(body)};
  }
  RawResponse answer(const RawRequest& request) {
    if (request.target.ends_with("/objects/batch")) return batch(request);
    const std::string oid = request.target.substr(request.target.rfind('/') + 1);
    if (request.target.starts_with("/verify/")) return json(200, Json::object());
    auto objects = objects_.lock();
    if (request.method == "PUT") {
      (*objects)[oid] = request.body;
      return {200, {}, ""};
    }
    const auto found = objects->find(oid);
    if (found == objects->end()) return json(404, Json::object());
    const std::string range = request.header("Range");
    if (range.empty()) return {200, {}, found->second};
    const std::size_t from = std::stoul(range.substr(6));
    return {206,
            {{"Content-Range", "bytes " + std::to_string(from) + "-" +
                                   std::to_string(found->second.size() - 1) + "/" +
                                   std::to_string(found->second.size())}},
            found->second.substr(from)};
  }
  Json action(const std::string& kind, const std::string& oid) const {
    return {{"href", server_->url("/" + kind + "/" + oid)}};
  }
  RawResponse batch(const RawRequest& request) {
    const Json asked = parse_json(request.body).value_or(Json{});
    Json reply;
    reply["objects"] = Json::array();
    for (const Json& object : asked["objects"]) {
      const std::string oid = object["oid"];
      Json entry = {{"oid", oid}, {"size", object["size"]}};
      const bool there = objects_.lock()->contains(oid);
      if (asked["operation"] == "upload") {
        if (!there) {
          entry["actions"]["upload"] = action("o", oid);
          if (verifies_) entry["actions"]["verify"] = action("verify", oid);
        }
      } else if (there) {
        entry["actions"]["download"] = action("o", oid);
      } else {
        entry["error"] = {{"code", 404}, {"message", "Object does not exist"}};
      }
      reply["objects"].push_back(std::move(entry));
    }
    return json(200, reply);
  }

  Sandbox sandbox_;
  Metrics metrics_;
  Guarded<std::vector<RawRequest>> requests_;
  Guarded<std::map<std::string, std::string>> objects_;  // the server's
  std::function<std::optional<RawResponse>(const RawRequest&)> before_;
  bool verifies_ = false;
  std::unique_ptr<RawServer> server_;
  Recorder recorder_;
  std::unique_ptr<Repository> repository_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<TransferEnvironment> environment_;
};

}  // namespace lazylfs::lfs
