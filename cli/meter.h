// Progress of transfers and checkouts as upstream prints it, and GIT_LFS_PROGRESS's file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::cli {

enum class MeterKind { upload, download, checkout };

// Where it prints: a command's results, or, for filters that Git runs, the terminal behind stderr:
// only there, only while something lasts, and not to GIT_LFS_PROGRESS, which filters write
// themselves.
enum class MeterPlace { results, terminal };

// "Downloading LFS objects: 100% (3/3), 1.2 MB | 3.4 MB/s, done." on `out`; drawn over at most five
// times a second on a terminal (or with lfs.forceprogress), and its last state always printed.
// Thread-safe.
class Meter : public lfs::TransferObserver {
 public:
  Meter(Context& context, const lfs::Config& config, MeterKind kind, bool dry_run = false,
        MeterPlace place = MeterPlace::results);
  ~Meter() override;

  void expected(const lfs::TransferJob& job) override;
  void skipped(const lfs::TransferJob& job) override;
  void progressed(const lfs::TransferJob& job, std::int64_t bytes) override;
  void finished(const lfs::TransferOutcome& outcome) override;
  // Prints the last state with ", done."; nothing when nothing was counted.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::cli
