#include "cli/options.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kOptions = std::to_array<Option>({
    {.name = "all", .letter = 'a'},
    {.name = "ref", .letter = 'r', .value_name = "<ref>"},
    {.name = "verbose", .letter = 'v'},
    {.name = "when", .value_name = "<when>", .choices = "auto|off"},
});

Result<Arguments> parse(std::vector<std::string> words) { return parse_options(kOptions, words); }

std::string message_for(std::vector<std::string> words) {
  const auto parsed = parse(std::move(words));
  return parsed ? "parsed" : parsed.error().message();
}

TEST(OptionsTest, OptionsAndWordsMayBeMixed) {
  const auto parsed = parse({"one", "--ref", "main", "two", "-a"});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->positional, ElementsAre("one", "two"));
  EXPECT_EQ(parsed->value("ref"), "main");
  EXPECT_TRUE(parsed->is_set("all"));
  EXPECT_FALSE(parsed->is_set("verbose"));
}

TEST(OptionsTest, AValueFollowsInAnyOfTheUsualForms) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--ref=x=y"},
                                                                 {"--ref", "x=y"},
                                                                 {"-rx=y"},
                                                                 {"-r", "x=y"},
                                                                 {"-r=x=y"},
                                                                 {"-var", "x=y"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(parsed) << words[0];
    EXPECT_EQ(parsed->value("ref"), "x=y") << words[0];
    EXPECT_THAT(parsed->positional, IsEmpty());
  }
}

TEST(OptionsTest, AValueMayLookLikeAnOption) {
  const auto parsed = parse({"--ref", "--all"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->value("ref"), "--all");
  EXPECT_FALSE(parsed->is_set("all"));
}

TEST(OptionsTest, RepeatedOptionsKeepTheirOrderAndTheLastCounts) {
  const auto parsed = parse({"--ref=a", "-rb", "--ref", "c"});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->values("ref"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(parsed->value("ref"), "c");
  EXPECT_THAT(parsed->values("when"), IsEmpty());
}

TEST(OptionsTest, AfterTwoDashesEverythingIsAWord) {
  const auto parsed = parse({"-a", "--", "--ref", "-", "--"});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->positional, ElementsAre("--ref", "-", "--"));
}

TEST(OptionsTest, ALoneDashIsAWord) {
  const auto parsed = parse({"-"});
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->positional, ElementsAre("-"));
}

TEST(OptionsTest, ASwitchCanBeTurnedOff) {
  const auto parsed = parse({"-a", "--all=false"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->has("all"));
  EXPECT_FALSE(parsed->is_set("all"));
}

TEST(OptionsTest, HelpIsKnownToEveryCommand) {
  EXPECT_TRUE(parse({"--help"})->is_set("help"));
  EXPECT_TRUE(parse({"-h"})->is_set("help"));
}

TEST(OptionsTest, ErrorsAreInTheWordsOfGitLfs) {
  EXPECT_EQ(message_for({"--foo"}), "unknown flag: --foo");
  EXPECT_EQ(message_for({"--foo=1"}), "unknown flag: --foo");
  EXPECT_EQ(message_for({"-z"}), "unknown shorthand flag: 'z' in -z");
  EXPECT_EQ(message_for({"-az"}), "unknown shorthand flag: 'z' in -z");
  EXPECT_EQ(message_for({"--ref"}), "flag needs an argument: --ref");
  EXPECT_EQ(message_for({"-ar"}), "flag needs an argument: 'r' in -r");
  EXPECT_EQ(message_for({"--all=maybe"}),
            "invalid argument \"maybe\" for \"-a, --all\" flag: strconv.ParseBool: parsing "
            "\"maybe\": invalid syntax");
  EXPECT_EQ(message_for({"--when=never"}),
            "invalid argument \"never\" for \"--when\" flag: must be one of auto|off");
}

TEST(OptionsTest, AnEmptyValueIsAValue) {
  EXPECT_EQ(parse({"--ref="})->value("ref"), "");
  EXPECT_EQ(parse({"--ref", ""})->value("ref"), "");
}

}  // namespace
}  // namespace lazylfs::cli
