#include "lfs/pointer/pointer.h"

#include <random>

#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

const std::string kHex = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const std::string kHex2 = "1111111111111111111111111111111111111111111111111111111111111111";
const std::string kVersion = "version https://git-lfs.github.com/spec/v1\n";
const std::string kOid = "oid sha256:" + kHex + "\n";
const std::string kPlain = kVersion + kOid + "size 12345\n";

// The code of the failure; fails the test when there is none.
std::string code_of(std::string_view text) {
  const Result<Pointer> pointer = parse_pointer(text);
  return pointer ? "accepted" : std::string(errc_name(pointer.error().code()));
}

TEST(Pointer, ACanonicalPointerIsRead) {
  const Result<Pointer> pointer = parse_pointer(kPlain);
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->oid.hex(), kHex);
  EXPECT_EQ(pointer->size, 12345U);
  EXPECT_TRUE(pointer->extensions.empty());
  EXPECT_TRUE(pointer->version.empty());
  EXPECT_TRUE(pointer->canonical);
  EXPECT_EQ(format_pointer(*pointer), kPlain);
}

TEST(Pointer, AnEmptyTextIsTheEmptyFile) {
  const Result<Pointer> pointer = parse_pointer("");
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->size, 0U);
  EXPECT_EQ(pointer->oid.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(pointer->canonical);
  EXPECT_EQ(format_pointer(*pointer), "");
}

TEST(Pointer, DeviationsThatUpstreamReadsAreAcceptedButNotCanonical) {
  const std::string crlf =
      "version https://git-lfs.github.com/spec/v1\r\noid sha256:" + kHex + "\r\nsize 12345\r\n";
  const std::vector<std::string> texts = {
      kPlain.substr(0, kPlain.size() - 1),          // no final newline
      "\n\n  " + kPlain + " \t\n",                  // white space around
      kVersion + "\n" + kOid + "\n\nsize 12345\n",  // blank lines
      crlf,                                         //
      kVersion + kOid + "size 0012345\n",           //
      "version https://hawser.github.com/spec/v1\n" + kOid + "size 12345\n",
      "version http://git-media.io/v/2\n" + kOid + "size 12345\n",
  };
  for (const std::string& text : texts) {
    const Result<Pointer> pointer = parse_pointer(text);
    ASSERT_TRUE(pointer) << text;
    EXPECT_FALSE(pointer->canonical) << text;
    EXPECT_EQ(pointer->size, 12345U) << text;
    EXPECT_EQ(format_pointer(*pointer), kPlain) << text;
  }
}

TEST(Pointer, AnOldVersionIsKept) {
  const Result<Pointer> pointer =
      parse_pointer("version http://git-media.io/v/2\n" + kOid + "size 1\n");
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->version, "http://git-media.io/v/2");
}

TEST(Pointer, OrdinaryContentIsNotFound) {
  for (const std::string& text :
       {std::string("hello\n"), std::string("version"), std::string("version 2 of git-lfs\n"),
        std::string("\n"), std::string("oid sha256:") + kHex, std::string("a\0b c", 5),
        "git-lfs: " + kPlain, std::string(1024, ' ') + kPlain}) {
    EXPECT_EQ(code_of(text), "not_found") << text;
  }
}

TEST(Pointer, AMistakeAfterTheVersionIsCorrupt) {
  const std::vector<std::string> texts = {
      kVersion,
      kVersion + kOid,
      kVersion + "size 1\n" + kOid,
      kVersion + "oid md5:" + kHex + "\nsize 1\n",
      kVersion + "oid sha256:" + kHex.substr(1) + "\nsize 1\n",
      kVersion + "oid sha256:" + kHex + "0\nsize 1\n",
      kVersion + "oid sha256:4D" + kHex.substr(2) + "\nsize 1\n",
      kVersion + "oid sha256:../../" + kHex.substr(6) + "\nsize 1\n",
      kVersion + "oid  sha256:" + kHex + "\nsize 1\n",
      kVersion + kOid + "size -1\n",
      kVersion + kOid + "size \n",
      kVersion + kOid + "size\n",
      kVersion + kOid + "size 1 2\n",
      kVersion + kOid + "size 0x10\n",
      kVersion + kOid + "size 9223372036854775808\n",
      kVersion + kOid + "size 99999999999999999999999999\n",
      kVersion + kOid + "size 1\nsize 1\n",
      kVersion + kOid + "size 1\nmore text\n",
      kVersion + kOid + "unknown key\nsize 1\n",
      kVersion + "unknown key\n" + kOid + "size 1\n",
      kVersion + kVersion + kOid + "size 1\n",
      "version https://git-lfs.github.com/spec/v9\n" + kOid + "size 1\n",
  };
  for (const std::string& text : texts) EXPECT_EQ(code_of(text), "corrupt") << text;
}

TEST(Pointer, TheLargestSizeIsRead) {
  const Result<Pointer> pointer = parse_pointer(kVersion + kOid + "size 9223372036854775807\n");
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->size, 9223372036854775807U);
}

TEST(Pointer, ATextOf1024BytesIsNeverAPointer) {
  const std::string longest = std::string(1023 - kPlain.size(), '\n') + kPlain;
  EXPECT_EQ(code_of(longest), "accepted");
  EXPECT_EQ(code_of("\n" + longest), "not_found");
}

TEST(Pointer, ExtensionsAreReadAndWrittenByPriority) {
  const std::string text = kVersion + "ext-0-foo sha256:" + kHex + "\next-1-bar sha256:" + kHex2 +
                           "\n" + kOid + "size 123\n";
  const Result<Pointer> pointer = parse_pointer(text);
  ASSERT_TRUE(pointer);
  ASSERT_EQ(pointer->extensions.size(), 2U);
  EXPECT_EQ(pointer->extensions[0].name, "foo");
  EXPECT_EQ(pointer->extensions[1].priority, 1);
  EXPECT_EQ(pointer->extensions[1].oid.hex(), kHex2);
  EXPECT_TRUE(pointer->canonical);

  const std::string swapped = kVersion + "ext-1-bar sha256:" + kHex2 +
                              "\next-0-foo sha256:" + kHex + "\n" + kOid + "size 123\n";
  const Result<Pointer> other = parse_pointer(swapped);
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->canonical);
  EXPECT_EQ(format_pointer(*other), text);
}

TEST(Pointer, BadExtensionLinesAreCorrupt) {
  const std::string hash = " sha256:" + kHex + "\n";
  for (const std::string& line :
       {"ext-0-foo" + hash + "ext-0-bar" + hash, "ext-10-foo" + hash, "ext-0-" + hash,
        "ext-x-foo" + hash, "ext-0" + hash, "ext-0-foo md5:" + kHex + "\n",
        std::string("ext-0-foo sha256:12\n"), "Ext-0-foo" + hash}) {
    EXPECT_EQ(code_of(kVersion + line + kOid + "size 1\n"), "corrupt") << line;
  }
}

// Goal: what we write is what we read, and canonical.
TEST(Pointer, EveryWrittenPointerIsReadBack) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    Pointer pointer;
    std::array<std::uint8_t, Oid::kBytes> bytes{};
    const auto fill = [&] {
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
      return Oid(bytes);
    };
    pointer.oid = fill();
    pointer.size = (random() >> (1 + random() % 63)) | 1U;
    for (int priority = 0; priority < 8; ++priority) {
      if (random() % 4 == 0) {
        pointer.extensions.push_back({priority, "e" + std::to_string(random() % 100), fill()});
      }
    }
    const std::string text = format_pointer(pointer);
    const Result<Pointer> back = parse_pointer(text);
    ASSERT_TRUE(back) << text;
    EXPECT_TRUE(back->canonical) << text;
    EXPECT_EQ(back->oid, pointer.oid);
    EXPECT_EQ(back->size, pointer.size);
    EXPECT_EQ(back->extensions, pointer.extensions);
  }
}

// Goal: no input makes the reader misbehave, and what it accepts survives a second pass.
TEST(Pointer, AMangledPointerIsRejectedOrStable) {
  std::mt19937_64 random(2);
  const std::string base = kVersion + "ext-0-foo sha256:" + kHex + "\n" + kOid + "size 123\n";
  for (int round = 0; round < 20000; ++round) {
    std::string text = base;
    for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) text.erase(at, 1 + random() % 5);
      if (random() % 2 == 0) text.insert(at, 1, static_cast<char>(random()));
      if (text.empty()) text = "x";
    }
    const Result<Pointer> pointer = parse_pointer(text);
    if (!pointer || pointer->size == 0) continue;
    const Result<Pointer> again = parse_pointer(format_pointer(*pointer));
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->id(), pointer->id());
  }
}

}  // namespace
}  // namespace lazylfs::lfs
