#include "lfs/filter/extension.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/sha256.h"
#include "lfs/filter/extension_chain.h"
#include "tests/unit/filter/filter_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const std::vector<Extension>& extensions) {
  std::vector<std::string> result;
  for (const Extension& extension : extensions) result.push_back(extension.name);
  return result;
}

TEST(Extension, TheyAreSortedByPriority) {
  const Config config({{"lfs.extension.late.clean", "a b"},
                       {"lfs.extension.late.priority", "2"},
                       {"lfs.extension.early.smudge", "c"},
                       {"lfs.extension.early.priority", "1"},
                       {"lfs.extension.with.dot.clean", "x"},
                       {"lfs.extension.early.priority", "junk"}});
  const auto sorted = sorted_extensions(config);
  ASSERT_TRUE(sorted) << sorted.error().message();
  EXPECT_THAT(names(*sorted), ElementsAre("early", "late"));
  EXPECT_EQ(sorted->at(0).smudge, "c");
  EXPECT_EQ(sorted->at(1).clean, "a b");
}

TEST(Extension, TwoOfOnePriorityAreRefused) {
  const Config config(
      std::vector<ConfigEntry>{{"lfs.extension.a.clean", "x"}, {"lfs.extension.b.clean", "y"}});
  const auto sorted = sorted_extensions(config);
  ASSERT_FALSE(sorted);
  EXPECT_EQ(sorted.error().message(), "duplicate priority 0 on b");
}

TEST(Extension, AnExtensionWithoutCommandsRunsNothing) {
  const Config config(std::vector<ConfigEntry>{{"lfs.extension.a.priority", "1"}});
  EXPECT_THAT(names(all_extensions(config)), ElementsAre("a"));
  const auto sorted = sorted_extensions(config);
  ASSERT_TRUE(sorted);
  EXPECT_TRUE(sorted->empty());
}

TEST(Extension, CommandsAreSplitAtSpacesAndNotInterpreted) {
  EXPECT_THAT(extension_arguments("prog --path=%f  '%f'", "a b;$(x)%f"),
              ElementsAre("prog", "--path=a b;$(x)%f", "", "'a b;$(x)%f'"));
  EXPECT_THAT(extension_arguments("%f", "p"), ElementsAre("%f"));
}

TEST(ExtensionChain, DigestsAreTakenBetweenTheStages) {
  StringInput input("ab\ncd\n");
  StringOutput output;
  const auto digests = run_chain({{"one", {"rev"}}, {"two", {"tr", "a-z", "A-Z"}}}, input, output);
  ASSERT_TRUE(digests) << digests.error().message();
  EXPECT_EQ(output.text, "BA\nDC\n");
  EXPECT_EQ(digests->input, Sha256::of("ab\ncd\n"));
  EXPECT_THAT(digests->outputs, ElementsAre(Sha256::of("ba\ndc\n"), Sha256::of("BA\nDC\n")));
}

TEST(ExtensionChain, LongStreamsRunThroughAllStagesAtOnce) {
  const std::string text = random_text(8U << 20U);
  StringInput input(text);
  StringOutput output;
  const auto digests = run_chain({{"a", {"cat"}}, {"b", {"cat"}}, {"c", {"cat"}}}, input, output);
  ASSERT_TRUE(digests) << digests.error().message();
  EXPECT_TRUE(output.text == text);
}

TEST(ExtensionChain, AFailingProgramFailsTheChainWithItsWords) {
  StringInput input(random_text(4U << 20U));
  StringOutput output;
  const auto digests = run_chain(
      {{"one", {"cat"}}, {"bad", {"sh", "-c", "echo no way >&2; exit 3"}}}, input, output);
  ASSERT_FALSE(digests);
  EXPECT_THAT(digests.error().message(), HasSubstr("extension 'bad' failed with: no way"));
  EXPECT_EQ(input.left(), 0U);
}

TEST(ExtensionChain, AProgramThatIsNotThereIsAnError) {
  StringInput input("x");
  StringOutput output;
  EXPECT_FALSE(run_chain({{"none", {"no-such-program-here"}}}, input, output));
}

TEST(ExtensionChain, AProgramMayStopReadingEarly) {
  StringInput input(random_text(4U << 20U));
  StringOutput output;
  const auto digests = run_chain({{"head", {"head", "-c", "0"}}}, input, output);
  ASSERT_TRUE(digests) << digests.error().message();
  EXPECT_EQ(output.text, "");
  EXPECT_EQ(input.left(), 0U);
}

}  // namespace
}  // namespace lazylfs::lfs
