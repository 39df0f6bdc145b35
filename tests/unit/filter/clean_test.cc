#include "lfs/filter/clean.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/sha256.h"
#include "lfs/filter/smudge.h"
#include "tests/unit/filter/filter_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;

const std::vector<Extension> kNone;

class CleanTest : public FilterFixture {
 protected:
  std::string cleaned(const std::string& text, const std::vector<Extension>& extensions = kNone) {
    const ObjectStore store = this->store();
    StringInput input(text);
    const Result<Cleaned> result = clean(input, store, extensions, "file.bin");
    EXPECT_EQ(input.left(), 0U);
    return result ? result->text : "(" + result.error().message() + ")";
  }

  std::string smudged(const std::string& text, const std::vector<Extension>& extensions) {
    const ObjectStore store = this->store();
    const Result<Pointer> pointer = parse_pointer(text);
    if (!pointer) return "(no pointer)";
    const auto object = store.find(pointer->id());
    if (!object) return "(absent)";
    StringOutput output;
    const auto written = write_object(*pointer, *object, store, extensions, "file.bin", output);
    return written ? output.text : "(" + written.error().message() + ")" + output.text;
  }

  bool has_objects() { return file_exists(store().folder() + "/objects"); }
};

TEST_F(CleanTest, ContentIsStoredAndItsPointerReturned) {
  const std::string text = random_text(300000);
  const ObjectId id{Sha256::of(text), text.size()};
  EXPECT_EQ(cleaned(text), "version https://git-lfs.github.com/spec/v1\noid sha256:" +
                               id.oid.hex() + "\nsize 300000\n");
  EXPECT_TRUE(stored(store(), id) == text);
}

TEST_F(CleanTest, APointerPassesVerbatimEvenWhenItIsNotCanonical) {
  const std::string hash = Sha256::of("x").hex();
  for (const std::string& text :
       {"version https://git-lfs.github.com/spec/v1\noid sha256:" + hash + "\nsize 1\n",
        "version https://git-lfs.github.com/spec/v1\r\noid sha256:" + hash + "\r\nsize 1\r\n",
        "version https://hawser.github.com/spec/v1\noid sha256:" + hash + "\nsize 1",
        std::string()}) {
    EXPECT_EQ(cleaned(text), text);
  }
  EXPECT_FALSE(has_objects());
}

TEST_F(CleanTest, HostilePointersAreContent) {
  const std::string hash = Sha256::of("x").hex();
  const std::string good =
      "version https://git-lfs.github.com/spec/v1\noid sha256:" + hash + "\nsize 1\n";
  for (const std::string& text : std::vector<std::string>{
           good + std::string(kPointerBytesMax - good.size(), ' '), good + "extra 1\n",
           "version https://git-lfs.github.com/spec/v1\noid sha256:../../etc/passwd\nsize 1\n",
           "version https://git-lfs.github.com/spec/v1\noid sha256:" + hash + "\nsize -1\n",
           "version https://git-lfs.github.com/spec/v1\noid sha256:" + hash +
               "\nsize 99999999999999999999\n"}) {
    const ObjectId id{Sha256::of(text), text.size()};
    EXPECT_THAT(cleaned(text), HasSubstr("oid sha256:" + id.oid.hex())) << text;
    EXPECT_EQ(stored(store(), id), text);
  }
}

TEST_F(CleanTest, AClashOfSizesIsRefused) {
  const ObjectId id{Sha256::of("hello"), 5};
  write("r/.git/lfs/objects/" + object_relative_path(id.oid), "hell");
  EXPECT_THAT(cleaned("hello"), HasSubstr("Files don't match:\n"));
}

TEST_F(CleanTest, ExtensionsChainInBothDirections) {
  const std::vector<Extension> extensions = {{"rev", "rev", "rev", 0},
                                             {"same", "cat", "cat", 1},
                                             {"upper", "tr a-z A-Z", "tr A-Z a-z", 2}};
  const std::string pointer = cleaned("ab\ncd\n", extensions);
  EXPECT_THAT(pointer, HasSubstr("\next-0-rev sha256:" + Sha256::of("ab\ncd\n").hex()));
  EXPECT_THAT(pointer, HasSubstr("\next-1-upper sha256:" + Sha256::of("ba\ndc\n").hex()));
  EXPECT_THAT(pointer, testing::Not(HasSubstr("same")));
  EXPECT_THAT(pointer, HasSubstr("\noid sha256:" + Sha256::of("BA\nDC\n").hex()));
  EXPECT_EQ(smudged(pointer, extensions), "ab\ncd\n");
}

TEST_F(CleanTest, AnExtensionsWrongResultWritesNothing) {
  const std::vector<Extension> good = {{"rev", "rev", "rev", 0}};
  const std::string pointer = cleaned("ab\ncd\n", good);
  EXPECT_THAT(smudged(pointer, {{"rev", "rev", "cat", 0}}),
              testing::MatchesRegex("\\(smudge filter: actual OID .* for extension 'rev' does not "
                                    "match expected .*\\)"));
  EXPECT_EQ(smudged(pointer, kNone), "(smudge filter: extension 'rev' is not configured)");
}

TEST_F(CleanTest, ADamagedObjectDoesNotPassAnExtension) {
  const std::vector<Extension> extensions = {{"rev", "rev", "rev", 0}};
  const std::string pointer = cleaned("ab\ncd\n", extensions);
  const Result<Pointer> parsed = parse_pointer(pointer);
  ASSERT_TRUE(parsed);
  write("r/.git/lfs/objects/" + object_relative_path(parsed->oid), "xx\nyy\n");
  EXPECT_THAT(smudged(pointer, extensions),
              HasSubstr("during smudge does not match expected " + parsed->oid.hex()));
}

TEST_F(CleanTest, AFailedExtensionStoresNothing) {
  EXPECT_THAT(cleaned(random_text(2000000), {{"bad", "false", "cat", 0}}),
              HasSubstr("extension 'bad' failed with: "));
  EXPECT_FALSE(has_objects());
}

TEST_F(CleanTest, APointerIsNotGivenToExtensions) {
  const std::string text =
      "version https://git-lfs.github.com/spec/v1\noid sha256:" + Sha256::of("x").hex() +
      "\nsize 1\n";
  EXPECT_EQ(cleaned(text, {{"rev", "rev", "rev", 0}}), text);
}

}  // namespace
}  // namespace lazylfs::lfs
