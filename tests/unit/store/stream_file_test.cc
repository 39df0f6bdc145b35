#include "lfs/store/stream_file.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kMiB = 1U << 20U;
constexpr std::size_t kBlock = kMiB / 2;

class StreamFileTest : public GitFixture {
 protected:
  Fd file() {
    Result<Fd> opened = open_file(path("file"), O_RDWR | O_CREAT);
    EXPECT_TRUE(opened.has_value());
    return std::move(*opened);
  }

  std::string content() { return read_file(path("file"), 64 * kMiB).value_or("unreadable"); }

  // Every 8 bytes differ, so that a block in the wrong place shows.
  static std::string numbered(std::size_t bytes) {
    std::string text;
    for (std::uint64_t i = 0; text.size() < bytes; ++i) {
      text.append(reinterpret_cast<const char*>(&i), sizeof i);
    }
    text.resize(bytes);
    return text;
  }
};

TEST_F(StreamFileTest, WhatIsWrittenIsInTheFileAndInTheDigestWhateverItsLength) {
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 4096, kBlock - 1, kBlock,
                                                                   8 * kBlock, 18 * kBlock + 77}) {
    const std::string text = numbered(size);
    const Fd fd = file();
    ASSERT_EQ(::ftruncate(fd.get(), 0), 0);
    StreamFile stream(fd.get(), 0);
    for (std::size_t at = 0; at < size; at += 70'001) {
      ASSERT_TRUE(stream.write(as_bytes(std::string_view(text).substr(at, 70'001))).has_value());
    }
    EXPECT_EQ(stream.finish().value_or(Oid()), Sha256::of(text)) << size;
    EXPECT_TRUE(content() == text) << size;
  }
}

TEST_F(StreamFileTest, AFileIsContinuedAtAnyByteAndItsBeginningIsHashed) {
  const std::string text = numbered(7 * kMiB + 5);
  for (const std::size_t start :
       std::initializer_list<std::size_t>{1, kBlock - 1, 4 * kBlock, 6 * kBlock + 4097}) {
    const Fd fd = file();
    ASSERT_EQ(::ftruncate(fd.get(), 0), 0);
    ASSERT_TRUE(write_all(fd.get(), std::string_view(text).substr(0, start)).has_value());
    Sha256 known;
    known.update(as_bytes(std::string_view(text).substr(0, start / 2)));
    StreamFile stream(fd.get(), start, known);
    ASSERT_TRUE(stream.write(as_bytes(std::string_view(text).substr(start))).has_value());
    EXPECT_EQ(stream.finish().value_or(Oid()), Sha256::of(text)) << start;
    EXPECT_TRUE(content() == text) << start;
  }
}

TEST_F(StreamFileTest, RoomCanBeFilledInPlace) {
  const std::string text = numbered(3 * kMiB);
  const Fd fd = file();
  StreamFile stream(fd.get(), 0);
  std::string_view left = text;
  while (!left.empty()) {
    const std::span<std::byte> room = stream.space();
    ASSERT_FALSE(room.empty());
    const std::size_t count = std::min<std::size_t>({room.size(), left.size(), 300'000});
    std::copy_n(as_bytes(left).begin(), count, room.begin());
    ASSERT_TRUE(stream.filled(count).has_value());
    left.remove_prefix(count);
  }
  EXPECT_EQ(stream.finish().value_or(Oid()), Sha256::of(text));
  EXPECT_TRUE(content() == text);
}

TEST_F(StreamFileTest, AFlushedStreamIsWhollyInTheFile) {
  const std::string text = numbered(2 * kMiB + 3);
  const Fd fd = file();
  StreamFile stream(fd.get(), 0);
  ASSERT_TRUE(stream.write(as_bytes(text)).has_value());
  ASSERT_TRUE(stream.flush().has_value());
  EXPECT_TRUE(content() == text);
}

// The stream's beginning is in the file when the comparing begins.
class LikenessTest : public StreamFileTest {
 protected:
  static constexpr std::size_t kStart = 5000;

  void SetUp() override { likeness_ = like(kept_); }

  Fd like(const std::string& text) {
    Result<Fd> opened = open_file(path("likeness"), O_RDWR | O_CREAT | O_TRUNC);
    EXPECT_TRUE(opened.has_value());
    EXPECT_TRUE(write_all(opened->get(), text).has_value());
    return std::move(*opened);
  }

  Result<Oid> send(const std::string& text, bool write_compared) {
    const Fd fd = file();
    TRY(write_all(fd.get(), std::string_view(text).substr(0, kStart)));
    StreamFile stream(fd.get(), kStart, Sha256(), likeness_.get());
    TRY(stream.write(as_bytes(std::string_view(text).substr(kStart))));
    const Oid oid = TRY(stream.finish());
    if (write_compared) TRY(stream.write_compared());
    return oid;
  }

  const std::string kept_ = numbered(6 * kMiB + 11);
  Fd likeness_;
};

TEST_F(LikenessTest, WhatIsLikeItIsHashedAndNotWritten) {
  EXPECT_EQ(send(kept_, false).value_or(Oid()), Sha256::of(kept_));
  EXPECT_EQ(content().size(), kStart);
}

TEST_F(LikenessTest, WhatWasOnlyComparedCanBeWritten) {
  EXPECT_EQ(send(kept_, true).value_or(Oid()), Sha256::of(kept_));
  EXPECT_TRUE(content() == kept_);
}

TEST_F(LikenessTest, FromTheFirstDifferenceOnAllIsWritten) {
  for (const std::size_t place : {kStart, 3 * kMiB, kept_.size() - 1}) {
    std::string text = kept_;
    text[place] = static_cast<char>(text[place] ^ 1);
    EXPECT_EQ(send(text, false).value_or(Oid()), Sha256::of(text)) << place;
    EXPECT_TRUE(content() == text) << place;
  }
}

TEST_F(LikenessTest, AStreamThatIsLongerOrShorterIsItself) {
  const std::string longer = kept_ + "and more";
  EXPECT_EQ(send(longer, true).value_or(Oid()), Sha256::of(longer));
  EXPECT_TRUE(content() == longer);
  ASSERT_EQ(::truncate(path("file").c_str(), 0), 0);
  const std::string shorter = kept_.substr(0, 2 * kMiB);
  EXPECT_EQ(send(shorter, true).value_or(Oid()), Sha256::of(shorter));
  EXPECT_TRUE(content() == shorter);
}

TEST_F(StreamFileTest, AFullDiskIsToldAndNobodyWaits) {
  const Fd fd = file();
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit limit = before;
  limit.rlim_cur = kMiB;
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string text = numbered(12 * kMiB);
  Result<void> written;
  Result<Oid> digest = Oid();
  {
    StreamFile stream(fd.get(), 0);
    written = stream.write(as_bytes(text));
    digest = stream.finish();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().sys_errno(), EFBIG);
  EXPECT_FALSE(digest.has_value());
}

TEST_F(StreamFileTest, AFileThatIsCompleteAlreadyIsHashedWhole) {
  const std::string text = numbered(3 * kMiB);
  const Fd fd = file();
  ASSERT_TRUE(write_all(fd.get(), text).has_value());
  EXPECT_EQ(StreamFile(fd.get(), text.size()).finish().value_or(Oid()), Sha256::of(text));
}

TEST_F(StreamFileTest, AFileThatBecameShorterIsAnError) {
  const Fd fd = file();
  StreamFile stream(fd.get(), 4096);  // the file is empty
  EXPECT_EQ(stream.finish().error().code(), Errc::io);
}

}  // namespace
}  // namespace lazylfs::lfs
