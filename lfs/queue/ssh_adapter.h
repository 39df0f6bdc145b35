// Objects through git-lfs-transfer: batch calls and contents on the same connections.
#pragma once

#include "lfs/queue/adapter.h"
#include "lfs/queue/batch_source.h"
#include "lfs/queue/ssh_connection.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

class SshBatchSource final : public BatchSource {
 public:
  explicit SshBatchSource(SshPool& pool) : pool_(pool) {}  // must outlive it
  BatchOutcome ask(const BatchQuestion& question) override;

 private:
  SshPool& pool_;
};

class SshAdapter final : public TransferAdapter {
 public:
  // Both must outlive it.
  SshAdapter(SshPool& pool, const ObjectStore& store, Operation operation)
      : pool_(pool), store_(store), operation_(operation) {}

  std::string_view name() const override { return "ssh"; }
  Attempt move(const TransferTask& task, std::size_t worker) override;
  std::size_t workers_max() const override { return pool_.connections_max(); }
  void stop() override { pool_.stop(); }

 private:
  Attempt download(SshConnection& connection, const TransferTask& task, bool& usable);
  Attempt upload(SshConnection& connection, const TransferTask& task, bool& usable);

  SshPool& pool_;
  const ObjectStore& store_;
  const Operation operation_;
};

}  // namespace lazylfs::lfs
