#include "lfs/attributes/attribute_editor.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AttributeEditorTest : public testing::Test {
 protected:
  AttributeEditorTest() {
    std::string pattern = testing::TempDir() + "lazylfs-editor-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/.gitattributes";
  }
  ~AttributeEditorTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write(std::string_view text) { ASSERT_TRUE(write_file_atomically(path_, text)); }
  std::string text() const { return read_file(path_, 1U << 20U).value_or("(missing)"); }
  AttributeEditor open(bool crlf = false) {
    auto editor = AttributeEditor::open(path_, crlf);
    EXPECT_TRUE(editor);
    return std::move(*editor);
  }
  void track(const std::string& pattern, bool lockable = false, bool crlf = false) {
    AttributeEditor editor = open(crlf);
    editor.track(escape_attribute_pattern(pattern, false), lockable);
    ASSERT_TRUE(editor.save());
  }

  std::string folder_, path_;
};

TEST(AttributePatternTextTest, SpacesHashesAndBackslashesAreEscaped) {
  EXPECT_EQ(escape_attribute_pattern("a b#c", false), "a[[:space:]]b\\#c");
  EXPECT_EQ(escape_attribute_pattern("!a!", true), "\\!a!");
  EXPECT_EQ(escape_attribute_pattern("back\\slash", false), "back\\\\slash");
  EXPECT_EQ(escape_attribute_pattern("*.[ch]?", false), "*.[ch]?");
  EXPECT_EQ(escape_attribute_pattern("*.[ch]?\\x", true), "\\*.\\[ch\\]\\?\\\\x");
}

TEST(AttributePatternTextTest, AnEscapeOfTheUsersOwnIsKept) {
  EXPECT_EQ(escape_attribute_pattern("project \\[1\\].psd", false),
            "project[[:space:]]\\[1\\].psd");
  EXPECT_EQ(escape_attribute_pattern("\\#x", false), "\\#x");
  EXPECT_EQ(escape_attribute_pattern("a\\ b", false), "a[[:space:]]b");
}

TEST(AttributePatternTextTest, MessagesShowSpacesAndHashes) {
  EXPECT_EQ(unescape_attribute_pattern("a[[:space:]]b\\#c\\[1\\]"), "a b#c\\[1\\]");
}

TEST_F(AttributeEditorTest, ANewPatternIsAddedAtTheEndAndAllElseStays) {
  write("# comment\n\n*.a text\n\n   \n*.b filter=lfs diff=lfs merge=lfs -text");
  track("*.c");
  EXPECT_EQ(text(),
            "# comment\n\n*.a text\n\n   \n*.b filter=lfs diff=lfs merge=lfs -text\n"
            "*.c filter=lfs diff=lfs merge=lfs -text\n");
}

TEST_F(AttributeEditorTest, AKnownPatternIsReplacedWhereItStands) {
  write("*.c filter=lfs\n\"a b\" text\n");
  track("*.c", true);
  track("a b");
  EXPECT_EQ(text(),
            "*.c filter=lfs diff=lfs merge=lfs -text lockable\n"
            "a[[:space:]]b filter=lfs diff=lfs merge=lfs -text\n");
}

TEST_F(AttributeEditorTest, LinesEndAsMostOfThemDo) {
  write("*.a text\r\n*.b text\r\n*.z text\n");
  track("*.c");
  EXPECT_EQ(text(),
            "*.a text\r\n*.b text\r\n*.z text\r\n"
            "*.c filter=lfs diff=lfs merge=lfs -text\r\n");
}

TEST_F(AttributeEditorTest, ANewFileFollowsAutocrlf) {
  track("*.c", false, true);
  EXPECT_EQ(text(), "*.c filter=lfs diff=lfs merge=lfs -text\r\n");
}

TEST_F(AttributeEditorTest, AFileWithoutALineEndFollowsAutocrlf) {
  write("*.m text");
  track("*.c", false, true);
  EXPECT_EQ(text(), "*.m text\r\n*.c filter=lfs diff=lfs merge=lfs -text\r\n");
}

TEST_F(AttributeEditorTest, UntrackTakesADotSlashForNothing) {
  write("./a filter=lfs\nb filter=lfs\n");
  AttributeEditor editor = open();
  EXPECT_THAT(editor.untrack("a"), ElementsAre("./a"));
  EXPECT_THAT(editor.untrack("./b"), ElementsAre("b"));
}

TEST_F(AttributeEditorTest, UntrackRemovesLinesOfLfsOnly) {
  write("*.a filter=lfs\n\n*.a text\n*.b filter=lfs\n*.x[[:space:]]y filter=lfs\n");
  AttributeEditor editor = open();
  EXPECT_THAT(editor.untrack("*.a"), ElementsAre("*.a"));
  EXPECT_THAT(editor.untrack("*.x y"), ElementsAre("*.x[[:space:]]y"));
  EXPECT_THAT(editor.untrack("nonesuch"), IsEmpty());
  ASSERT_TRUE(editor.save());
  EXPECT_EQ(text(), "\n*.a text\n*.b filter=lfs\n");
}

TEST_F(AttributeEditorTest, NothingIsWrittenWhenNothingChanged) {
  ASSERT_TRUE(open().save());
  EXPECT_FALSE(file_exists(path_));
}

TEST_F(AttributeEditorTest, ASymbolicLinkIsRefused) {
  std::filesystem::create_symlink("/etc/passwd", path_);
  const auto editor = AttributeEditor::open(path_, false);
  ASSERT_FALSE(editor);
  EXPECT_EQ(editor.error().code(), Errc::invalid);
}

}  // namespace
}  // namespace lazylfs::lfs
