// Which transfer agents the configuration offers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/api/endpoint.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

inline constexpr const char* kFileAgent = "lfs-standalone-file";

// lfs.customtransfer.<name>.*
struct AgentSettings {
  std::string name, path, args;
  bool concurrent = true;
  bool downloads = true, uploads = true;

  bool serves(Operation operation) const {
    return operation == Operation::download ? downloads : uploads;
  }
};

// Sorted by name. Those that take the name of an adapter of ours are left out, with a warning.
std::vector<AgentSettings> custom_agents(const Config& config);

// The agent that moves objects of `endpoint` without a server's word: lfs.<url>.standalone-
// transferagent, or ours for file:// endpoints. Empty when there is none, or none of that name.
std::string standalone_agent(const Config& config, const Endpoint& endpoint, Operation operation);

// What batch calls offer and `env` prints: built-in adapters and agents, sorted.
std::vector<std::string> transfer_names_for(const Config& config, Operation operation);

}  // namespace lazylfs::lfs
