// What the tests of lfs/filter share.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "lfs/base/fd.h"
#include "lfs/filter/stream.h"
#include "lfs/store/object_store.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {

// A file in memory with a descriptor at its start.
class InputFile {
 public:
  explicit InputFile(std::string_view text = {}) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    EXPECT_TRUE(write_all(fd_.get(), text));
    rewind();
  }
  int fd() const { return fd_.get(); }
  void rewind() const { EXPECT_EQ(::lseek(fd_.get(), 0, SEEK_SET), 0); }
  std::string content() const {
    rewind();
    const Result<std::string> text = read_to_end(fd_.get(), 64U << 20U);
    return text ? *text : "(" + text.error().message() + ")";
  }

 private:
  Fd fd_;
};

class StringInput final : public ByteInput {
 public:
  explicit StringInput(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), text_.size() - at_, kAtMost});
    std::copy_n(as_bytes(text_).begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
  }
  std::size_t left() const { return text_.size() - at_; }

 private:
  static constexpr std::size_t kAtMost = 777;  // short reads, as from a pipe
  std::string text_;
  std::size_t at_ = 0;
};

class StringOutput final : public ByteOutput {
 public:
  Result<void> write(std::span<const std::byte> data) override {
    text.append(reinterpret_cast<const char*>(data.data()), data.size());
    return {};
  }
  std::string text;
};

inline std::string random_text(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

class FilterFixture : public GitFixture {
 protected:
  void SetUp() override { git("", {"init", "-q", "r"}); }

  ObjectStore store() {
    const Result<Repository> repository = Repository::discover(path("r"));
    EXPECT_TRUE(repository) << repository.error().message();
    return ObjectStore::of(*repository);
  }

  static std::string stored(const ObjectStore& store, const ObjectId& id) {
    const auto found = store.find(id);
    if (!found) return "(absent)";
    const Result<std::string> text = read_file(*found, 64U << 20U);
    return text ? *text : "(" + text.error().message() + ")";
  }
};

}  // namespace lazylfs::lfs
