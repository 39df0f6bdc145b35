// Sizes, attribute lines and paths: what is read from and written for people.
#include <gtest/gtest.h>

#include "lfs/migrate/attribute_lines.h"
#include "lfs/migrate/byte_units.h"
#include "lfs/migrate/path_selection.h"
#include "lfs/migrate/path_table.h"

namespace lazylfs::lfs {
namespace {

TEST(ByteUnits, KnowsDecimalAndBinaryUnits) {
  EXPECT_EQ(*parse_byte_size("1b"), 1U);
  EXPECT_EQ(*parse_byte_size("20 MB"), 20'000'000U);
  EXPECT_EQ(*parse_byte_size("3 TiB"), 3ULL << 40U);
  EXPECT_EQ(*parse_byte_size("1.5kb"), 1500U);
  EXPECT_EQ(*parse_byte_size("1,000"), 1000U);
}

TEST(ByteUnits, RefusesWhatIsNoUnitOrNoNumber) {
  EXPECT_EQ(parse_byte_size("1k").error().message(), "unknown unit: \"k\"");
  EXPECT_FALSE(parse_byte_size("1.2.3kb"));
  EXPECT_FALSE(parse_byte_size("99999999999999 pib"));
}

TEST(ByteUnits, PrintsOneDecimalBelowTen) {
  EXPECT_EQ(format_in_unit(1234, 1000), "1.2");
  EXPECT_EQ(format_in_unit(9960, 1000), "10");
  EXPECT_EQ(format_in_unit(12'345, 1000), "12");
  EXPECT_EQ(format_in_unit(5, 1), "5");
  EXPECT_EQ(format_in_unit(5, 1000), "5.0");
  EXPECT_EQ(format_in_unit(5000, 1), "5000");
}

TEST(AttributeLines, MergesOursBehindTheirsOnce) {
  AttributeLines ours;
  ours.add("*.a x");
  ours.add("*.b y");
  ours.add("*.c z");
  EXPECT_EQ(merge_attributes("# c\r\n*.b y\n\n# c\nlast", ours, 2), "# c\n*.b y\n\nlast\n*.a x\n");
}

TEST(AttributeLines, NameAnExtensionOrTheFile) {
  EXPECT_EQ(line_of_file("d/a.tar.gz", false), "*.gz filter=lfs diff=lfs merge=lfs -text");
  EXPECT_EQ(line_of_file("d.x/Makefile", false),
            "/d.x/Makefile filter=lfs diff=lfs merge=lfs -text");
  EXPECT_EQ(line_of_file("d/a b.gz", true),
            "/d/a[[:space:]]b.gz filter=lfs diff=lfs merge=lfs -text");
}

TEST(PathSelection, TakesPatternsOfAttributes) {
  const PathSelection folder({"d"}, {});
  EXPECT_FALSE(folder.allows("d/x.bin"));
  const PathSelection below({"d/**", "*.txt"}, {"a.txt"});
  EXPECT_TRUE(below.allows("d/e/x.bin"));
  EXPECT_TRUE(below.allows("x/b.txt"));
  EXPECT_FALSE(below.allows("x/a.txt"));
}

TEST(PathTable, GivesEachPathOneNumber) {
  PathTable table;
  const PathId folder = table.child(kRootPath, "d");
  const PathId file = table.child(folder, "a");
  EXPECT_EQ(table.child(folder, "a"), file);
  EXPECT_NE(table.child(kRootPath, "a"), file);
  EXPECT_EQ(table.path(file), "d/a");
  EXPECT_EQ(table.path(kRootPath), "");
}

}  // namespace
}  // namespace lazylfs::lfs
