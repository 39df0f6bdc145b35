#include "cli/meter.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "lfs/base/sha256.h"

namespace lazylfs::cli {
namespace {

class MeterTest : public testing::Test {
 protected:
  MeterTest() {
    ::unsetenv("GIT_LFS_FORCE_PROGRESS");
    ::unsetenv("GIT_LFS_PROGRESS");
  }
  ~MeterTest() override { ::unsetenv("GIT_LFS_PROGRESS"); }

  static lfs::TransferJob job(const std::string& name, std::uint64_t size) {
    return {{Sha256::of(name), size}, name};
  }
  static lfs::TransferOutcome outcome(const lfs::TransferJob& job, bool failed = false) {
    lfs::TransferOutcome result{job.id, {job.name}, {}, true, {}, {}};
    if (failed) result.result = Error(Errc::transient, "broken");
    return result;
  }
  static lfs::Config forced() { return lfs::Config({{"lfs.forceprogress", "true", false}}); }

  std::ostringstream out_, err_;
  Metrics metrics_;
  Context context_{.out = out_, .err = err_, .metrics = metrics_, .commands = {}};
};

TEST_F(MeterTest, AnUploadEndsWithOneLine) {
  Meter meter(context_, {}, MeterKind::upload);
  const auto first = job("a", 4);
  const auto second = job("b", 5);
  meter.expected(first);
  meter.expected(second);
  meter.progressed(first, 4);
  meter.finished(outcome(first));
  meter.skipped(second);
  meter.finished(outcome(second));
  meter.finish();
  meter.finish();
  EXPECT_EQ(out_.str(), "Uploading LFS objects: 100% (2/2), 9 B | 0 B/s, done.\n");
}

TEST_F(MeterTest, WhatFailedIsNotFinished) {
  Meter meter(context_, {}, MeterKind::upload);
  meter.expected(job("a", 4));
  meter.progressed(job("a", 4), 3);
  meter.progressed(job("a", 4), -3);
  meter.finished(outcome(job("a", 4), true));
  meter.finish();
  EXPECT_EQ(out_.str(), "Uploading LFS objects:   0% (0/1), 0 B | 0 B/s, done.\n");
}

TEST_F(MeterTest, NothingCountedIsNothingTold) {
  Meter(context_, {}, MeterKind::checkout).finish();
  EXPECT_EQ(out_.str(), "");
}

TEST_F(MeterTest, ADownloadLeavesNoLineWhereNobodyWatches) {
  Meter meter(context_, {}, MeterKind::download);
  meter.finished(outcome(job("a", 4)));
  meter.finish();
  EXPECT_EQ(out_.str(), "");
}

TEST_F(MeterTest, ForcedProgressIsDrawnOverToTheTerminalsWidth) {
  Meter meter(context_, forced(), MeterKind::download);
  meter.expected(job("a", 4));
  meter.finished(outcome(job("a", 4)));
  meter.finish();
  const std::string first = out_.str().substr(0, out_.str().find('\r'));
  EXPECT_TRUE(first.starts_with("Downloading LFS objects:   0% (0/1), 0 B | 0 B/s ")) << first;
  EXPECT_GE(first.size(), 80U);
  EXPECT_TRUE(out_.str().ends_with("\rDownloading LFS objects: 100% (1/1), 4 B | 0 B/s, done.\n"));
}

TEST_F(MeterTest, FilesWithOneObjectCountEachInACheckout) {
  Meter meter(context_, {}, MeterKind::checkout);
  for (const char* name : {"a", "b"}) {
    lfs::TransferJob file = job("same object", 4);
    file.name = name;
    meter.expected(file);
    meter.finished(outcome(file));
  }
  meter.finish();
  EXPECT_EQ(out_.str(), "Checking out LFS objects: 100% (2/2), 8 B | 0 B/s, done.\n");
}

TEST_F(MeterTest, TheProgressFileHasTheLastStateOfEachFile) {
  const std::string folder = testing::TempDir() + "lazylfs-meter";
  std::filesystem::remove_all(folder);
  ::setenv("GIT_LFS_PROGRESS", (folder + "/new/progress").c_str(), 1);
  Meter meter(context_, {}, MeterKind::download);
  meter.expected(job("a b", 4));
  meter.expected(job("c", 5));
  meter.progressed(job("a b", 4), 1);
  meter.progressed(job("a b", 4), 3);
  meter.finished(outcome(job("a b", 4)));
  meter.finished(outcome(job("c", 5)));
  EXPECT_EQ(read_file(folder + "/new/progress", 1000).value(),
            "download 1/2 1/4 a b\ndownload 1/2 4/4 a b\ndownload 2/2 5/5 c\n");
  std::filesystem::remove_all(folder);
}

TEST_F(MeterTest, ARelativeProgressFileIsRefused) {
  ::setenv("GIT_LFS_PROGRESS", "progress", 1);
  const Meter meter(context_, {}, MeterKind::download);
  EXPECT_EQ(err_.str(),
            "Error creating progress logger: GIT_LFS_PROGRESS must be an absolute path\n");
}

}  // namespace
}  // namespace lazylfs::cli
