#include "tests/server/options.h"

#include <array>
#include <limits>
#include <string_view>

#include "lfs/base/text.h"
#include "tests/server/behaviour.h"

namespace lazylfs::server {
namespace {

Result<std::uint64_t> number(std::string_view text) {
  const auto value = parse_uint(text);
  if (!value) return Error(Errc::invalid, "not a number: " + std::string(text));
  return *value;
}

Result<void> set_port(std::uint16_t& port, std::string_view text) {
  const std::uint64_t value = TRY(number(text));
  if (value > std::numeric_limits<std::uint16_t>::max()) {
    return Error(Errc::invalid, "not a port: " + std::string(text));
  }
  port = static_cast<std::uint16_t>(value);
  return {};
}

struct Option {
  std::string_view name, argument, help;
  Result<void> (*apply)(Options&, std::string_view);
};

constexpr auto kOptions = std::to_array<Option>({
    {"--port", "N", "listen on 127.0.0.1:N; 0 (the default) chooses a free port",
     [](Options& o, std::string_view v) { return set_port(o.port, v); }},
    {"--storage-port", "N", "the port of the second origin, which stores objects",
     [](Options& o, std::string_view v) { return set_port(o.storage_port, v); }},
    {"--root", "DIR", "keep repositories (DIR/NAME.git), objects (DIR/objects) and ca.pem there",
     [](Options& o, std::string_view v) -> Result<void> {
       o.root = std::string(v);
       return {};
     }},
    {"--port-file", "FILE", "write the URL there when ready",
     [](Options& o, std::string_view v) -> Result<void> {
       o.port_file = std::string(v);
       return {};
     }},
    {"--user", "NAME:PASSWORD", "ask for Basic authentication; may be repeated",
     [](Options& o, std::string_view v) -> Result<void> {
       o.users.emplace_back(v);
       return {};
     }},
    {"--auth", "AREAS", "where --user is asked for: some of api,git,storage (default api,git)",
     [](Options& o, std::string_view v) -> Result<void> {
       o.auth_areas = std::string(v);
       return {};
     }},
    {"--tls", "", "serve HTTPS with a certificate of an own CA, DIR/ca.pem",
     [](Options& o, std::string_view) -> Result<void> {
       o.tls = true;
       return {};
     }},
    {"--behave", "HOST", "plain, github, gitlab, gitea, huggingface or azure",
     [](Options& o, std::string_view v) -> Result<void> {
       if (find_behaviour(v) == nullptr) return Error(Errc::invalid, "no such behaviour");
       o.behave = std::string(v);
       return {};
     }},
    {"--latency-ms", "N", "wait before each answer",
     [](Options& o, std::string_view v) -> Result<void> {
       o.latency_ms = TRY(number(v));
       return {};
     }},
    {"--rate-bytes-per-s", "N", "send no faster on each connection",
     [](Options& o, std::string_view v) -> Result<void> {
       o.rate_bytes_per_s = TRY(number(v));
       return {};
     }},
    {"--synthetic", "SIZE:SEED", "serve made-up content; its oid is printed",
     [](Options& o, std::string_view v) -> Result<void> {
       const std::uint64_t size = TRY(number(take_until(v, ':')));
       o.synthetic.push_back({size, TRY(number(v))});
       return {};
     }},
    {"--die-with-parent", "", "end when the process that started the server ends",
     [](Options& o, std::string_view) -> Result<void> {
       o.die_with_parent = true;
       return {};
     }},
});

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view value = arguments[i];
    const bool joined = value.find('=') != std::string_view::npos;
    const std::string_view name = take_until(value, '=');
    const Option* found = nullptr;
    for (const Option& option : kOptions) {
      if (option.name == name) found = &option;
    }
    if (found == nullptr) return Error(Errc::invalid, "unknown option " + std::string(name));
    if (!found->argument.empty() && !joined) {
      if (++i == arguments.size()) {
        return Error(Errc::invalid, std::string(name) + " needs an argument");
      }
      value = arguments[i];
    }
    TRY_CONTEXT(name, found->apply(options, value));
  }
  if (options.root.empty()) return Error(Errc::invalid, "--root is missing");
  return options;
}

std::string usage() {
  std::string text = "usage: lfs-test-server --root DIR [options]\n";
  for (const Option& option : kOptions) {
    std::string left = "  " + std::string(option.name) + " " + std::string(option.argument);
    left.resize(std::max<std::size_t>(left.size() + 1, 28), ' ');
    text += left + std::string(option.help) + "\n";
  }
  return text;
}

}  // namespace lazylfs::server
