#include "tests/server/faults.h"

#include <gtest/gtest.h>

namespace lazylfs::server {
namespace {

const Route kDownload{.kind = Kind::download, .repository = {}, .rest = {}, .oid = "abc"};
const Route kBatch{.kind = Kind::batch, .repository = {}, .rest = {}, .oid = {}};

class FaultsTest : public testing::Test {
 protected:
  void add(const char* rule) { ASSERT_TRUE(faults_.add(parse_json(rule).value()).has_value()); }
  int status(const Route& route) {
    return faults_.take(request_, route).value_or(FaultAction{}).status;
  }

  Faults faults_;
  HttpRequest request_;
};

TEST_F(FaultsTest, ARuleActsOnceUnlessItSaysMore) {
  add(R"({"match":{"kind":"download"},"action":{"status":503}})");
  EXPECT_EQ(status(kDownload), 503);
  EXPECT_EQ(status(kDownload), 0);
}

TEST_F(FaultsTest, ARuleActsAsOftenAsItsCountAndForEverWithZero) {
  add(R"({"match":{"kind":"download","count":2},"action":{"status":500}})");
  add(R"({"match":{"kind":"download","count":0},"action":{"status":410}})");
  EXPECT_EQ(status(kDownload), 500);
  EXPECT_EQ(status(kDownload), 500);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status(kDownload), 410);
}

TEST_F(FaultsTest, OnlyTheNthMatchIsHit) {
  add(R"({"match":{"kind":"download","nth":3},"action":{"status":500}})");
  EXPECT_EQ(status(kDownload), 0);
  EXPECT_EQ(status(kDownload), 0);
  EXPECT_EQ(status(kDownload), 500);
  EXPECT_EQ(status(kDownload), 0);
}

TEST_F(FaultsTest, OtherKindsObjectsAndPathsAreSpared) {
  add(R"([{"match":{"kind":"upload"},"action":{"status":500}},
          {"match":{"oid":"other"},"action":{"status":500}},
          {"match":{"path_prefix":"/x"},"action":{"status":500}}])");
  EXPECT_EQ(status(kDownload), 0);
  EXPECT_EQ(status(kBatch), 0);
  request_.path = "/x/y";
  EXPECT_EQ(status(kBatch), 500);
}

TEST_F(FaultsTest, AMisspeltRuleIsRefused) {
  for (const char* rule :
       {R"({"match":{"knd":"batch"},"action":{"status":500}})", R"({"action":{"stauts":500}})",
        R"({"action":{"status":"x"}})", R"({"match":{}})", R"({"action":{"delay_ms":-1}})"}) {
    EXPECT_FALSE(faults_.add(parse_json(rule).value()).has_value()) << rule;
  }
}

TEST_F(FaultsTest, CorruptionWaitsForARequestOfItsByte) {
  add(R"({"match":{"kind":"download"},"action":{"status":500,"corrupt_at":1000}})");
  request_.headers = {{"Range", "bytes=0-999"}};
  EXPECT_EQ(status(kDownload), 0);
  request_.headers = {{"Range", "bytes=1000-1999"}};
  EXPECT_EQ(status(kDownload), 500);
}

TEST_F(FaultsTest, ClearingForgetsAllRules) {
  add(R"({"action":{"status":500}})");
  faults_.clear();
  EXPECT_EQ(status(kBatch), 0);
}

}  // namespace
}  // namespace lazylfs::server
