#include "lfs/git/pack_writer.h"

#include <fcntl.h>

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/git/repository.h"
#include "tests/unit/git/git_fixture.h"

namespace lazylfs::lfs {
namespace {

class PackWriterTest : public GitFixture {
 protected:
  void SetUp() override {
    make_repository("r");
    Result<Repository> opened = Repository::discover(path("r"));
    ASSERT_TRUE(opened) << opened.error().message();
    repository_ = std::make_unique<Repository>(std::move(*opened));
    pack_ = std::move(*PackWriter::create(*repository_));
  }
  std::vector<std::string> packs() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path("r/.git/objects/pack"))) {
      found.push_back(entry.path().extension().string());
    }
    return found;
  }

  std::unique_ptr<Repository> repository_;
  std::unique_ptr<PackWriter> pack_;
};

TEST_F(PackWriterTest, EachObjectIsWrittenOnceWhicheverThreadAddsIt) {
  constexpr int kObjects = 5000;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kObjects; ++i) {
        EXPECT_TRUE(pack_->add(ObjectType::blob, "object " + std::to_string(i)).has_value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pack_->count(), static_cast<std::size_t>(kObjects));
  EXPECT_THAT(packs(), testing::ElementsAre(""));
  ASSERT_TRUE(pack_->finish().has_value());
  EXPECT_THAT(packs(), testing::UnorderedElementsAre(".pack", ".idx"));
  const std::string counted = git("r", {"count-objects", "-v"});
  EXPECT_THAT(counted, testing::HasSubstr("in-pack: " + std::to_string(kObjects) + "\n"));
  git("r", {"fsck", "--full", "--no-dangling"});
  EXPECT_EQ(git("r", {"cat-file", "blob", object_id(ObjectType::blob, "object 4711").hex()}),
            "object 4711");
}

TEST_F(PackWriterTest, ALargeFileThatIsThereAlreadyIsTakenBack) {
  const std::string large(9U << 20U, 'x');
  ASSERT_TRUE(write_file_atomically(path("large"), large).has_value());
  for (int i = 0; i < 2; ++i) {
    const Fd file = std::move(*open_file(path("large"), O_RDONLY));
    EXPECT_EQ(*pack_->add_file(file.get(), large.size()), object_id(ObjectType::blob, large));
  }
  EXPECT_EQ(pack_->count(), 1U);
  ASSERT_TRUE(pack_->add(ObjectType::blob, "after").has_value());
  ASSERT_TRUE(pack_->finish().has_value());
  git("r", {"fsck", "--full", "--no-dangling"});
}

TEST_F(PackWriterTest, NothingStaysOfOneThatWasNotFinished) {
  ASSERT_TRUE(pack_->add(ObjectType::blob, "object").has_value());
  pack_.reset();
  EXPECT_THAT(packs(), testing::IsEmpty());
}

TEST_F(PackWriterTest, NothingAppearsWhereNothingWasAdded) {
  ASSERT_TRUE(pack_->finish().has_value());
  pack_.reset();
  EXPECT_THAT(packs(), testing::IsEmpty());
}

}  // namespace
}  // namespace lazylfs::lfs
