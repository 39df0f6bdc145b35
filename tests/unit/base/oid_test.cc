#include "lfs/base/oid.h"

#include <unordered_set>

#include <gtest/gtest.h>

namespace lazylfs {
namespace {

TEST(Oid, HexIsReadAndWritten) {
  const std::string hex = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
  const Result<Oid> oid = Oid::parse(hex);
  ASSERT_TRUE(oid);
  EXPECT_EQ(oid->hex(), hex);
  EXPECT_EQ(oid->bytes()[0], 0x4d);
  EXPECT_EQ(oid->bytes()[31], 0x93);
}

TEST(Oid, AnythingElseIsInvalid) {
  const std::string hex(64, 'a');
  for (const std::string& text :
       {std::string(), hex.substr(1), hex + "a", "A" + hex.substr(1), "g" + hex.substr(1),
        " " + hex.substr(1), std::string(1, '\0') + hex.substr(1)}) {
    const Result<Oid> oid = Oid::parse(text);
    ASSERT_FALSE(oid) << text;
    EXPECT_EQ(oid.error().code(), Errc::invalid);
  }
}

TEST(Oid, ValuesCompareAndHash) {
  const Oid a = *Oid::parse(std::string(64, 'a'));
  const Oid b = *Oid::parse(std::string(64, 'b'));
  EXPECT_LT(a, b);
  EXPECT_NE(std::hash<Oid>()(a), std::hash<Oid>()(b));
  EXPECT_EQ((std::unordered_set<Oid>{a, b, a}.size()), 2U);
  EXPECT_LT((ObjectId{a, 2}), (ObjectId{b, 1}));
}

TEST(ByteRange, PartsAreCutOut) {
  const ByteRange range{10, 10};
  EXPECT_EQ(range.end(), 20U);
  EXPECT_EQ(range.intersect({15, 10}), (ByteRange{15, 5}));
  EXPECT_EQ(range.intersect({0, 12}), (ByteRange{10, 2}));
  EXPECT_EQ(range.intersect({12, 3}), (ByteRange{12, 3}));
  EXPECT_TRUE(range.intersect({20, 5}).empty());
  EXPECT_TRUE(range.intersect({0, 10}).empty());
  EXPECT_TRUE(range.contains({10, 10}));
  EXPECT_TRUE(range.contains({20, 0}));
  EXPECT_FALSE(range.contains({9, 2}));
  EXPECT_FALSE(range.contains({19, 2}));
}

}  // namespace
}  // namespace lazylfs
