#include "lfs/filter/pkt_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/filter/filter_fixture.h"

namespace lazylfs::lfs {
namespace {

using testing::ElementsAre;

std::string all_of(ByteInput& input) {
  StringOutput output;
  const Result<std::uint64_t> copied = copy_stream(input, output);
  return copied ? output.text : "(" + copied.error().message() + ")";
}

TEST(PktLine, AListIsReadUpToItsFlush) {
  const InputFile file(
      "000ccommand=0006x\n0004"
      "0000"
      "0005y0000");
  PktReader reader(file.fd());
  const auto first = reader.list();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_THAT(*first, ElementsAre("command=", "x", ""));
  const auto second = reader.list();
  ASSERT_TRUE(second);
  EXPECT_THAT(*second, ElementsAre("y"));
  const auto third = reader.list();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code(), Errc::cancelled);
}

TEST(PktLine, WhatIsWrittenCanBeReadAgain) {
  const std::string long_text = random_text(1U << 20U);
  const InputFile file;
  PktWriter writer(file.fd());
  ASSERT_TRUE(writer.status("success"));
  ASSERT_TRUE(writer.write(as_bytes(long_text)));
  ASSERT_TRUE(writer.flush());
  ASSERT_TRUE(writer.flush());
  ASSERT_TRUE(writer.send());
  file.rewind();

  PktReader reader(file.fd());
  const auto status = reader.list();
  ASSERT_TRUE(status);
  EXPECT_THAT(*status, ElementsAre("status=success"));
  PktContent content(reader);
  EXPECT_TRUE(all_of(content) == long_text);
  EXPECT_EQ(all_of(content), "");
  const auto last = reader.list();
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->empty());
}

TEST(PktLine, APacketHoldsAtMostWhatGitAllows) {
  const InputFile file;
  PktWriter writer(file.fd());
  ASSERT_TRUE(writer.write(as_bytes(std::string(kPktPayloadMax + 1, 'x'))));
  ASSERT_TRUE(writer.send());
  const std::string written = file.content();
  EXPECT_EQ(written.substr(0, 4), "fff0");
  EXPECT_EQ(written.substr(4 + kPktPayloadMax), "0005x");
}

TEST(PktLine, MalformedLengthsAreRefused) {
  for (const char* text : {"0001", "0003", "zzzz", "-001", "fff1", "ffff", "00", "0009abc"}) {
    const InputFile file(text);
    PktReader reader(file.fd());
    const auto list = reader.list();
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().code(), Errc::corrupt) << text;
  }
}

TEST(PktLine, AContentThatIsCutShortIsAnError) {
  const InputFile file("0008abcd");
  PktReader reader(file.fd());
  PktContent content(reader);
  std::vector<std::byte> into(10);
  ASSERT_TRUE(content.read(into));
  const auto end = content.read(into);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Errc::corrupt);
}

TEST(PktLine, AnEndlessListIsRefused) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "0005x";
  const InputFile file(text);
  PktReader reader(file.fd());
  const auto list = reader.list();
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code(), Errc::invalid);
}

}  // namespace
}  // namespace lazylfs::lfs
