#include "lfs/filter/filter_process.h"

#include <deque>
#include <map>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/sha256.h"
#include "lfs/filter/pkt_line.h"
#include "tests/unit/filter/filter_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Objects that arrive one by one when next() is called; the store gets them then.
class FakeDownloads final : public Downloads {
 public:
  explicit FakeDownloads(const ObjectStore& store) : store_(store) {}

  void offer(const std::string& text) { remote_[Sha256::of(text)] = text; }
  void offer_elsewhere(const std::string& text) { elsewhere_[Sha256::of(text)] = text; }

  void want(const TransferJob& job, std::string_view treeish) override {
    wanted.push_back(job.name);
    treeishes.emplace_back(treeish);
    under_way_.push_back(job);
  }
  std::vector<TransferOutcome> next() override {
    if (under_way_.empty()) return {};
    const TransferJob job = under_way_.front();
    under_way_.pop_front();
    TransferOutcome outcome;
    outcome.id = job.id;
    outcome.names = {job.name};
    const Result<std::string> path = arrive(job.id, remote_);
    if (path) outcome.path = *path;
    if (!path) outcome.result = path.error();
    return {outcome};
  }
  Result<std::string> fetch(const TransferJob& job) override {
    fetched.push_back(job.name);
    return arrive(job.id, remote_);
  }

  Result<std::string> fetch_elsewhere(const TransferJob& job, const Error& first) override {
    asked_elsewhere.push_back(job.name);
    Result<std::string> path = arrive(job.id, elsewhere_);
    return path ? std::move(path) : first;
  }

  std::vector<std::string> wanted, treeishes, fetched, asked_elsewhere;

 private:
  Result<std::string> arrive(const ObjectId& id, const std::map<Oid, std::string>& from) {
    const auto found = from.find(id.oid);
    if (found == from.end()) return Error(Errc::not_found, "the server lacks it");
    ObjectWriter writer = TRY(ObjectWriter::create(store_));
    TRY(writer.write(as_bytes(found->second)));
    TRY(writer.commit());
    return store_.object_path(id.oid);
  }

  const ObjectStore& store_;
  std::map<Oid, std::string> remote_, elsewhere_;
  std::deque<TransferJob> under_way_;
};

class FilterProcessTest : public FilterFixture {
 protected:
  void SetUp() override {
    FilterFixture::SetUp();
    store_.emplace(store());
    downloads_.emplace(*store_);
    ASSERT_TRUE(list({"git-filter-client", "version=2"}));
    ASSERT_TRUE(list({"capability=clean", "capability=smudge", "capability=delay"}));
  }

  Result<void> list(const std::vector<std::string>& lines) {
    PktWriter writer(requests_.fd());
    for (const std::string& text : lines) TRY(writer.line(text));
    TRY(writer.flush());
    return writer.send();
  }
  void request(const std::string& command, const std::string& path, std::string_view content,
               bool can_delay = false) {
    std::vector<std::string> lines = {"command=" + command, "pathname=" + path, "treeish=abc"};
    if (can_delay) lines.emplace_back("can-delay=1");
    ASSERT_TRUE(list(lines));
    PktWriter writer(requests_.fd());
    ASSERT_TRUE(writer.write(as_bytes(content)));
    ASSERT_TRUE(writer.flush());
    ASSERT_TRUE(writer.send());
  }
  void ask_available() { ASSERT_TRUE(list({"command=list_available_blobs"})); }

  Result<FilterReport> serve() {
    requests_.rewind();
    const FilterSetup setup{
        *store_, extensions_, rules_, *downloads_, {}, skip_errors_, [&](const Error& error) {
          failures_.push_back(error.message());
        }};
    Result<FilterReport> report = serve_filter(setup, requests_.fd(), answers_.fd());
    answers_.rewind();
    reader_.emplace(answers_.fd());
    EXPECT_THAT(next_list(), ElementsAre("git-filter-server", "version=2"));
    EXPECT_THAT(next_list(),
                ElementsAre("capability=clean", "capability=smudge", "capability=delay"));
    return report;
  }
  std::vector<std::string> next_list() {
    const auto lines = reader_->list();
    return lines ? *lines : std::vector<std::string>{"(" + lines.error().message() + ")"};
  }
  // "success:<content>", with the second status when it says something.
  std::string answer() {
    const std::vector<std::string> status = next_list();
    if (status.size() != 1) return "(no status)";
    if (status[0] != "status=success") return status[0];
    PktContent content(*reader_);
    StringOutput output;
    if (!copy_stream(content, output)) return "(cut short)";
    const std::vector<std::string> last = next_list();
    return "success:" + output.text + (last.empty() ? "" : " " + last[0]);
  }
  static std::string pointer_to(const std::string& text) {
    return "version https://git-lfs.github.com/spec/v1\noid sha256:" + Sha256::of(text).hex() +
           "\nsize " + std::to_string(text.size()) + "\n";
  }
  void put(const std::string& text) {
    Result<ObjectWriter> writer = ObjectWriter::create(*store_);
    ASSERT_TRUE(writer && writer->write(as_bytes(text)) && writer->commit());
  }

  InputFile requests_, answers_;
  std::optional<ObjectStore> store_;
  std::optional<FakeDownloads> downloads_;
  std::vector<Extension> extensions_;
  SmudgeRules rules_;
  bool skip_errors_ = false;
  std::vector<std::string> failures_;
  std::optional<PktReader> reader_;
};

TEST_F(FilterProcessTest, FilesAreCleanedAndSmudged) {
  const std::string text = random_text(500000);
  request("clean", "a", text);
  request("clean", "p", pointer_to("other"));
  request("clean", "e", "");
  request("smudge", "a", pointer_to(text));
  const auto report = serve();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(answer(), "success:" + pointer_to(text));
  EXPECT_EQ(answer(), "success:" + pointer_to("other"));
  EXPECT_EQ(answer(), "success:");
  EXPECT_TRUE(answer() == "success:" + text);
  EXPECT_THAT(report->not_pointers, IsEmpty());
}

TEST_F(FilterProcessTest, WhatIsNoPointerPassesAndIsReported) {
  const std::string text = random_text(3000000);
  request("smudge", "big", text, true);
  request("smudge", "bad", "version https://git-lfs.github.com/spec/v1\noid sha256:zz\n");
  request("smudge", "empty", "");
  const auto report = serve();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(answer() == "success:" + text);
  EXPECT_EQ(answer(), "success:version https://git-lfs.github.com/spec/v1\noid sha256:zz\n");
  EXPECT_EQ(answer(), "success:");
  EXPECT_THAT(report->not_pointers, ElementsAre("big", "bad"));
}

TEST_F(FilterProcessTest, AbsentObjectsAreDelayedAndHandedOverAsTheyArrive) {
  put("here");
  downloads_->offer("one");
  downloads_->offer("two");
  request("smudge", "h", pointer_to("here"), true);
  request("smudge", "1", pointer_to("one"), true);
  request("smudge", "2", pointer_to("two"), true);
  ask_available();
  request("smudge", "1", "");
  ask_available();
  request("smudge", "2", "");
  ask_available();
  const auto report = serve();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(answer(), "success:here");
  EXPECT_EQ(answer(), "status=delayed");
  EXPECT_EQ(answer(), "status=delayed");
  EXPECT_THAT(next_list(), ElementsAre("pathname=1"));
  EXPECT_THAT(next_list(), ElementsAre("status=success"));
  EXPECT_EQ(answer(), "success:one");
  EXPECT_THAT(next_list(), ElementsAre("pathname=2"));
  EXPECT_THAT(next_list(), ElementsAre("status=success"));
  EXPECT_EQ(answer(), "success:two");
  EXPECT_THAT(next_list(), IsEmpty());
  EXPECT_THAT(next_list(), ElementsAre("status=success"));
  EXPECT_THAT(downloads_->wanted, ElementsAre("1", "2"));
  EXPECT_THAT(downloads_->treeishes, ElementsAre("abc", "abc"));
  EXPECT_THAT(downloads_->fetched, IsEmpty());
}

TEST_F(FilterProcessTest, AFileThatGitNeverAsksForEndsTheRound) {
  downloads_->offer("one");
  request("smudge", "1", pointer_to("one"), true);
  for (int i = 0; i < 3; ++i) ask_available();
  ASSERT_TRUE(serve());
  EXPECT_EQ(answer(), "status=delayed");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(next_list(), ElementsAre("pathname=1"));
    EXPECT_THAT(next_list(), ElementsAre("status=success"));
  }
  EXPECT_THAT(next_list(), IsEmpty());
}

TEST_F(FilterProcessTest, WithoutDelayTheObjectIsFetchedAtOnce) {
  downloads_->offer("one");
  request("smudge", "1", pointer_to("one"));
  ASSERT_TRUE(serve());
  EXPECT_EQ(answer(), "success:one");
  EXPECT_THAT(downloads_->fetched, ElementsAre("1"));
}

TEST_F(FilterProcessTest, AFailedDownloadLeavesThePointerAndEndsTheSession) {
  request("smudge", "1", pointer_to("one"), true);
  ask_available();
  request("smudge", "1", "");
  request("smudge", "2", pointer_to("two"));
  const auto report = serve();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->failed);
  EXPECT_EQ(answer(), "status=delayed");
  EXPECT_THAT(next_list(), ElementsAre("pathname=1"));
  EXPECT_THAT(next_list(), ElementsAre("status=success"));
  EXPECT_EQ(answer(), "success:" + pointer_to("one") + " status=error");
  ASSERT_EQ(failures_.size(), 1U);
  EXPECT_THAT(failures_[0], HasSubstr("Error downloading object: 1 (" +
                                      Sha256::of("one").hex().substr(0, 7) + "): "));
  EXPECT_THAT(downloads_->fetched, IsEmpty());
  EXPECT_THAT(downloads_->asked_elsewhere, ElementsAre("1"));
}

TEST_F(FilterProcessTest, ADelayedObjectThatFailedMayComeFromElsewhere) {
  request("smudge", "1", pointer_to("one"), true);
  ask_available();
  request("smudge", "1", "");
  downloads_->offer_elsewhere("one");
  const auto report = serve();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->failed);
  EXPECT_EQ(answer(), "status=delayed");
  EXPECT_THAT(next_list(), ElementsAre("pathname=1"));
  EXPECT_THAT(next_list(), ElementsAre("status=success"));
  EXPECT_EQ(answer(), "success:one");
}

TEST_F(FilterProcessTest, FailedDownloadsMayBeSkipped) {
  skip_errors_ = true;
  put("two");
  request("smudge", "1", pointer_to("one"));
  request("smudge", "2", pointer_to("two"));
  const auto report = serve();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->failed);
  EXPECT_EQ(answer(), "success:" + pointer_to("one"));
  EXPECT_EQ(answer(), "success:two");
  EXPECT_EQ(failures_.size(), 1U);
}

TEST_F(FilterProcessTest, SkippedAndExcludedFilesStayPointers) {
  put("here");
  rules_.filter = PathFilter({}, {"no/*"});
  request("smudge", "no/a", pointer_to("here"), true);
  request("smudge", "yes", pointer_to("here"), true);
  ASSERT_TRUE(serve());
  EXPECT_EQ(answer(), "success:" + pointer_to("here"));
  EXPECT_EQ(answer(), "success:here");

  requests_ = InputFile();
  answers_ = InputFile();
  rules_.skip = true;
  ASSERT_TRUE(list({"git-filter-client", "version=2"}));
  ASSERT_TRUE(list({"capability=clean", "capability=smudge", "capability=delay"}));
  request("smudge", "yes", pointer_to("here"), true);
  ASSERT_TRUE(serve());
  EXPECT_EQ(answer(), "success:" + pointer_to("here"));
  EXPECT_THAT(downloads_->wanted, IsEmpty());
}

TEST_F(FilterProcessTest, PathsMayHoldAnyBytes) {
  downloads_->offer("one");
  const std::string path = "a=b\xff c";
  request("smudge", path, pointer_to("one"), true);
  ask_available();
  ASSERT_TRUE(serve());
  EXPECT_EQ(answer(), "status=delayed");
  EXPECT_THAT(next_list(), ElementsAre("pathname=" + path));
}

TEST_F(FilterProcessTest, AnUnknownCommandEndsTheSession) {
  request("frobnicate", "a", "");
  const auto report = serve();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message(), "unknown command \"frobnicate\"");
}

TEST_F(FilterProcessTest, AnExtensionsFailureLeavesThePointer) {
  extensions_ = {{"up", "tr a-z A-Z", "false", 0}};
  request("clean", "a", "abc");
  ASSERT_TRUE(serve());
  const std::string pointer = answer().substr(8);
  requests_ = InputFile();
  answers_ = InputFile();
  ASSERT_TRUE(list({"git-filter-client", "version=2"}));
  ASSERT_TRUE(list({"capability=clean", "capability=smudge", "capability=delay"}));
  request("smudge", "a", pointer);
  const auto report = serve();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->failed);
  EXPECT_EQ(answer(), "success:" + pointer + " status=error");
}

TEST(FilterHandshake, AnotherPeerOrVersionIsRefused) {
  const std::vector<Extension> none;
  const SmudgeRules rules;
  for (const auto& lines : std::vector<std::vector<std::string>>{
           {"hello", "version=2"}, {"git-filter-client", "version=3"}, {"git-filter-client"}, {}}) {
    const InputFile in;
    const InputFile out;
    PktWriter writer(in.fd());
    for (const std::string& line : lines) ASSERT_TRUE(writer.line(line));
    ASSERT_TRUE(writer.flush() && writer.send());
    in.rewind();
    const ObjectStore store = ObjectStore::of(StorePlace{"/nowhere", "/nowhere", {}, Config()});
    FakeDownloads downloads(store);
    const auto report = serve_filter(
        {store, none, rules, downloads, {}, false, [](const Error&) {}}, in.fd(), out.fd());
    EXPECT_FALSE(report);
    EXPECT_EQ(out.content(), "");
  }
}

}  // namespace
}  // namespace lazylfs::lfs
