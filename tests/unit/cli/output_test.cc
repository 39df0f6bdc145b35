#include "cli/output.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/cli/table.h"

namespace lazylfs::cli {
namespace {

TEST(OutputTest, ColumnsAreAsWideAsTheirWidestCell) {
  std::ostringstream out;
  print_table(out, {{"a", "one", "x"}, {"bbb", "ä", "yy"}});
  EXPECT_EQ(out.str(), "a    one  x\nbbb  ä    yy\n");
}

TEST(OutputTest, CountsHaveAPlural) {
  EXPECT_EQ(counted(0, "object"), "0 objects");
  EXPECT_EQ(counted(1, "object"), "1 object");
}

TEST(OutputTest, ControlCharactersOfANameReachNoTerminal) {
  EXPECT_EQ(printable("plain ä.bin"), "plain ä.bin");
  EXPECT_EQ(printable("a\x1b[31m\n\"b"), "\"a\\033[31m\\012\\\"b\"");
}

TEST(OutputTest, ProgressIsSilentWhenNobodyWatches) {
  std::ostringstream out;
  std::ostringstream err;
  Metrics metrics;
  Context context{.out = out, .err = err, .metrics = metrics, .commands = kTable};
  ProgressLine(context).update("50%");
  EXPECT_EQ(err.str(), "");
  context.show_progress = true;
  ProgressLine(context).update("50%");
  EXPECT_EQ(err.str(), "\r\x1b[K50%\r\x1b[K");
}

TEST(OutputTest, JsonSurvivesNamesThatAreNotUtf8) {
  std::ostringstream out;
  print_json(out, Json{{"path", "a\xff"}});
  EXPECT_EQ(out.str(), "{\n \"path\": \"a\xEF\xBF\xBD\"\n}\n");
}

}  // namespace
}  // namespace lazylfs::cli
