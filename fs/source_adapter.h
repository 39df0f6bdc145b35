// The cache's door to the transfer engine and to the repository's own store.
#pragma once

#include <memory>

#include "cache/source.h"
#include "lfs/store/local_store.h"
#include "lfs/transfer/downloader.h"

namespace lazylfs::fs {

// Thread-safe. Borrows the downloader.
class DownloaderSource final : public cache::Source {
 public:
  DownloaderSource(lfs::Downloader& downloader, lfs::LocalStore local)
      : downloader_(downloader), local_(std::move(local)) {}

  std::unique_ptr<Fetch> start(const ObjectId& id, ByteRange range, Priority priority,
                               std::shared_ptr<ByteSink> sink) override {
    return downloader_.start(id, range, priority, std::move(sink));
  }
  Fd open_local(const ObjectId& id) override;

 private:
  lfs::Downloader& downloader_;
  lfs::LocalStore local_;
};

}  // namespace lazylfs::fs
