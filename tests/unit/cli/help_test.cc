#include "cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cli/table.h"

namespace lazylfs::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(HelpTest, TheVersionHasTheFormThatServersLogAndScriptsParse) {
  EXPECT_THAT(version_line(),
              MatchesRegex("git-lfs/3\\.[0-9]+\\.[0-9]+ \\(lazylfs [0-9.]+; linux .*; c.. 20\\)"));
}

TEST(HelpTest, HiddenCommandsAndOptionsAreNotShown) {
  EXPECT_THAT(program_help(kTable), Not(HasSubstr("secret")));
  EXPECT_THAT(command_help(kTable, kTable[0]), Not(HasSubstr("hidden-thing")));
  EXPECT_THAT(manual_page(kTable, kTable.data(), "2026-01-31"), Not(HasSubstr("hidden")));
}

TEST(HelpTest, OptionsAreShownWithTheirLetterAndValue) {
  EXPECT_THAT(command_help(kTable, kTable[0]), HasSubstr("  -c, --colour <name>\n"));
}

TEST(HelpTest, ManualPagesEscapeWhatRoffWouldInterpret) {
  const Command dotted{"dot", "--x", "A summary", {},     ".starts with a dot\nand a \\ too",
                       0,     0,     false,       nullptr};
  const std::string page = manual_page({}, &dotted, "2026-01-31");
  EXPECT_THAT(page, HasSubstr(".TH \"GIT-LFS-DOT\" \"1\" \"2026-01-31\""));
  EXPECT_THAT(page, HasSubstr("\n\\&.starts with a dot\n"));
  EXPECT_THAT(page, HasSubstr("and a \\e too"));
  EXPECT_THAT(page, HasSubstr("git lfs dot \\-\\-x\n"));
}

TEST(HelpTest, ExamplesStayAsTheyAre) {
  EXPECT_THAT(manual_page(kTable, kTable.data(), "2026-01-31"),
              HasSubstr(".nf\n.RS 4\nexample \\-\\-line\n.RE\n.fi\n"));
}

TEST(HelpTest, PagesOfNestedCommandsAreNamedWithDashes) {
  EXPECT_EQ(manual_page_name(kTable[5]), "git-lfs-stack-push");
}

}  // namespace
}  // namespace lazylfs::cli
