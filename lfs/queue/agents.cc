#include "lfs/queue/agents.h"

#include <algorithm>
#include <array>

#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr std::array<std::string_view, 3> kBuiltIn = {"basic", kFileAgent, "ssh"};
constexpr std::string_view kPrefix = "lfs.customtransfer.";

bool offers_tus(const Config& config, Operation operation) {
  return operation == Operation::upload && config.get_bool("lfs.tustransfers", false);
}

bool is_taken(const Config& config, std::string_view name) {
  return std::find(kBuiltIn.begin(), kBuiltIn.end(), name) != kBuiltIn.end() ||
         (name == "tus" && config.get_bool("lfs.tustransfers", false));
}

}  // namespace

std::vector<AgentSettings> custom_agents(const Config& config) {
  std::vector<AgentSettings> agents;
  for (const ConfigEntry& entry : config.entries()) {
    if (!entry.key.starts_with(kPrefix) || !entry.key.ends_with(".path")) continue;
    if (entry.from_lfsconfig) continue;  // a repository must not name programs
    AgentSettings agent;
    agent.name = entry.key.substr(kPrefix.size());
    if (agent.name.size() <= 5) continue;
    agent.name.resize(agent.name.size() - 5);
    const bool known = std::any_of(agents.begin(), agents.end(), [&](const AgentSettings& other) {
      return other.name == agent.name;
    });
    if (known || agent.name.find('.') != std::string::npos) continue;
    const std::string section = std::string(kPrefix) + agent.name + ".";
    const std::string direction = to_lower(config.get(section + "direction").value_or("both"));
    agent.path = config.get(section + "path").value_or("");
    agent.args = config.get(section + "args").value_or("");
    agent.concurrent = config.get_bool(section + "concurrent", true);
    agent.downloads = direction != "upload";
    agent.uploads = direction != "download";
    if (is_taken(config, agent.name)) {
      TRACE(TraceArea::general, "warning: custom " << direction << " transfer adapter \""
                                                   << agent.name
                                                   << "\" ignored due to conflict with standard "
                                                      "adapter");
      continue;
    }
    agents.push_back(std::move(agent));
  }
  std::sort(agents.begin(), agents.end(),
            [](const AgentSettings& a, const AgentSettings& b) { return a.name < b.name; });
  return agents;
}

std::string standalone_agent(const Config& config, const Endpoint& endpoint, Operation operation) {
  const auto url = Url::parse(endpoint.url);
  auto name = url ? config.get_for_url("lfs", *url, "standalonetransferagent")
                  : config.get("lfs.standalonetransferagent");
  if (!name || name->empty()) {
    if (!endpoint.is_file()) return {};
    name = kFileAgent;
  }
  if (*name == kFileAgent) return *name;
  for (const AgentSettings& agent : custom_agents(config)) {
    if (agent.name == *name && agent.serves(operation)) return *name;
  }
  TRACE(TraceArea::general, "standalone agent \"" << *name
                                                  << "\" is not a registered custom transfer "
                                                     "adapter; ignoring");
  return {};
}

std::vector<std::string> transfer_names_for(const Config& config, Operation operation) {
  if (config.get_bool("lfs.basictransfersonly", false)) return {"basic"};
  std::vector<std::string> names(kBuiltIn.begin(), kBuiltIn.end());
  for (const AgentSettings& agent : custom_agents(config)) {
    if (agent.serves(operation)) names.push_back(agent.name);
  }
  if (offers_tus(config, operation)) names.emplace_back("tus");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace lazylfs::lfs
