// Agents of the user's: programs that move objects, told what by lines of JSON on their stdin.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/base/process.h"
#include "lfs/queue/adapter.h"
#include "lfs/queue/agents.h"
#include "lfs/queue/line_reader.h"
#include "lfs/queue/storage_call.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

class CustomAdapter final : public TransferAdapter {
 public:
  struct Options {
    AgentSettings agent;
    Operation operation = Operation::download;
    std::string remote;
    std::size_t concurrent_transfers = 8;
    bool standalone = false;
    ApiClient* client = nullptr;  // for verify actions; null when standalone
    std::int64_t verifies_max = 3;
    std::chrono::seconds silence_max{600};  // zero: no limit
  };
  // `store` must outlive it.
  CustomAdapter(const ObjectStore& store, Options options);
  ~CustomAdapter() override;  // tells the agents to end, and waits

  std::string_view name() const override { return options_.agent.name; }
  Attempt move(const TransferTask& task, std::size_t worker) override;
  std::size_t workers_max() const override {
    return options_.agent.concurrent ? options_.concurrent_transfers : 1;
  }
  void stop() override;

 private:
  struct Agent;
  struct State {
    std::vector<std::unique_ptr<Agent>> agents;  // by worker
    bool stopped = false;
  };

  Result<Agent*> agent_of(std::size_t worker);
  Result<std::unique_ptr<Agent>> start_agent() const;
  void drop(std::size_t worker);
  Result<std::string> talk(Agent& agent, const TransferTask& task);
  Result<void> take_download(const TransferTask& task, const std::string& path);

  const ObjectStore& store_;
  const Options options_;
  Guarded<State> state_;
};

}  // namespace lazylfs::lfs
