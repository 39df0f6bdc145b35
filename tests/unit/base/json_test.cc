#include "lfs/base/json.h"

#include <gtest/gtest.h>

namespace lazylfs {
namespace {

TEST(Json, MalformedTextIsCorrupt) {
  for (const char* text : {"", "{", "{]", "nul", "{\"a\":1,}", "[1] 2", "\"\xff\"", "{'a':1}"}) {
    const Result<Json> value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code(), Errc::corrupt);
  }
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(32)));
  EXPECT_FALSE(parse_json(nested(33)));
  EXPECT_FALSE(parse_json(nested(10000000)));
  EXPECT_TRUE(parse_json(nested(5), 5));
  EXPECT_FALSE(parse_json(nested(6), 5));
  EXPECT_TRUE(parse_json("[\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"]"));
}

TEST(Json, GettersWantTheRightType) {
  const Json value = *parse_json(
      R"({"s":"x","i":-5,"u":18446744073709551615,"f":1.5,"b":true,"n":null,"o":{},"a":[]})");
  EXPECT_EQ(json_string(value, "s"), "x");
  EXPECT_EQ(json_int(value, "i"), -5);
  EXPECT_EQ(json_int(value, "u"), std::nullopt);
  EXPECT_EQ(json_int(value, "f"), std::nullopt);
  EXPECT_EQ(json_int(value, "s"), std::nullopt);
  EXPECT_EQ(json_bool(value, "b"), true);
  EXPECT_EQ(json_bool(value, "i"), std::nullopt);
  EXPECT_EQ(json_string(value, "n"), std::nullopt);
  EXPECT_EQ(json_string(value, "absent"), std::nullopt);
  EXPECT_NE(json_object(value, "o"), nullptr);
  EXPECT_EQ(json_object(value, "a"), nullptr);
  EXPECT_NE(json_array(value, "a"), nullptr);
  EXPECT_EQ(json_array(value, "o"), nullptr);
  EXPECT_EQ(json_string(*parse_json("[1]"), "s"), std::nullopt);
  EXPECT_EQ(json_string(*parse_json("7"), "s"), std::nullopt);
}

TEST(Json, OutputKeepsOrderAndNeverThrows) {
  Json value;
  value["z"] = 1;
  value["a"] = "\xff bad";
  EXPECT_EQ(dump_json(value), "{\"z\":1,\"a\":\"\xef\xbf\xbd bad\"}");
}

}  // namespace
}  // namespace lazylfs
