// file:// remotes: objects go straight from one repository's store to another's.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "lfs/api/endpoint.h"
#include "lfs/queue/adapter.h"
#include "lfs/queue/agents.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

// The store of the repository that a file:// URL names, whatever GIT_* variables say.
Result<ObjectStore> store_at(const std::string& file_url);

class FileAdapter final : public TransferAdapter {
 public:
  // `store` must outlive it.
  FileAdapter(const ObjectStore& store, Operation operation, const std::string& file_url)
      : store_(store), operation_(operation), remote_(store_at(file_url)) {}

  std::string_view name() const override { return kFileAgent; }
  Attempt move(const TransferTask& task, std::size_t worker) override;
  std::size_t workers_max() const override { return 2; }
  void stop() override { stopped_ = true; }

 private:
  const ObjectStore& store_;
  const Operation operation_;
  const Result<ObjectStore> remote_;
  std::atomic<bool> stopped_{false};
};

// Gives `to` the object that `from` has, verified when `verify`.
Result<void> copy_object(const ObjectStore& from, const ObjectStore& to, const ObjectId& id,
                         bool verify);

}  // namespace lazylfs::lfs
