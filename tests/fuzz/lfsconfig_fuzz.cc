// Any bytes as what git lists of a repository's .lfsconfig: only safe keys are taken, and the
// address that comes of them is one that can be asked, and cannot become an option of ssh's.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/api/endpoint.h"
#include "lfs/api/ssh_authenticate.h"
#include "lfs/base/url.h"
#include "lfs/git/config.h"
#include "lfs/git/git_command.h"
#include "lfs/git/settings_table.h"

namespace {

using namespace lazylfs::lfs;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_endpoint(const Config& config, const Endpoint& endpoint) {
  require(!endpoint.url.empty());
  if (!endpoint.ssh) return;
  const auto remote = authenticate_command(*endpoint.ssh, Operation::upload);
  if (!remote) return;
  require(remote->find('\n') == std::string::npos);
  const auto command = ssh_command(config, *endpoint.ssh, *remote);
  if (!command) return;
  const std::vector<std::string>& words = command->argv;
  require(words.size() >= 3);
  const std::string& host = words[words.size() - 2];
  require(!host.empty() && (host[0] != '-' || words[words.size() - 3] == "--"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<ConfigEntry> entries = parse_config_list(text);
  std::erase_if(entries, [](const ConfigEntry& entry) { return !is_safe_in_lfsconfig(entry.key); });
  for (ConfigEntry& entry : entries) entry.from_lfsconfig = true;
  const Config config(entries);
  for (const char* key : {"core.sshcommand", "filter.lfs.clean", "lfs.customtransfer.x.path",
                          "lfs.standalonetransferagent", "lfs.extension.x.clean", "lfs.storage"}) {
    require(!config.get(key));
  }
  for (const Operation operation : {Operation::download, Operation::upload}) {
    if (const auto endpoint = find_endpoint(config, "origin", operation, "")) {
      check_endpoint(config, *endpoint);
    }
  }
  const auto url = lazylfs::Url::parse("https://user@host.example:8443/a/b.git/info/lfs");
  (void)config.get_for_url("lfs", *url, "access");
  (void)config.get_all_for_url("lfs", *url, "locksverify");
  (void)config.get_bool("lfs.locksverify", false);
  (void)default_remote(config, "refs/heads/main");
  return 0;
}
