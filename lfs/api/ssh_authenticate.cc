#include "lfs/api/ssh_authenticate.h"

#include <algorithm>
#include <ctime>
#include <thread>

#include "lfs/api/batch.h"
#include "lfs/api/client.h"
#include "lfs/base/files.h"
#include "lfs/base/json.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr std::chrono::seconds kSshTimeout{60};
constexpr std::chrono::milliseconds kRetryDelayCap{1000};
constexpr std::int64_t kExpiryMarginSeconds = 5;
constexpr std::size_t kGrantBytesMax = 1U << 20U;

enum class Variant { ssh, simple, putty, tortoise };

struct Program {
  std::vector<std::string> argv;  // what comes before ssh's own arguments
  Variant variant = Variant::ssh;
};

Variant variant_of(const Config& config, std::string_view program) {
  std::string name = to_lower(env_or_empty("GIT_SSH_VARIANT"));
  if (name.empty()) name = to_lower(config.get("ssh.variant").value_or(""));
  if (name.empty() || name == "auto") {
    name = to_lower(base_name(std::string(program)));
    if (name.ends_with(".exe")) name.resize(name.size() - 4);
  }
  if (name == "simple") return Variant::simple;
  if (name == "putty" || name == "plink") return Variant::putty;
  return name == "tortoiseplink" ? Variant::tortoise : Variant::ssh;
}

// A command line from the configuration is a shell's business; ours are its arguments.
Program through_shell(const Config& config, const std::string& line) {
  const Result<std::vector<std::string>> words = split_command_line(line);
  const std::string first = words && !words->empty() ? words->front() : line;
  return {{"sh", "-c", line + " \"$@\"", line}, variant_of(config, first)};
}

Program choose_program(const Config& config) {
  if (const std::string line = env_or_empty("GIT_SSH_COMMAND"); !line.empty()) {
    return through_shell(config, line);
  }
  if (std::string program = env_or_empty("GIT_SSH"); !program.empty()) {
    return {{program}, variant_of(config, program)};
  }
  if (const auto line = config.get("core.sshcommand"); line && !line->empty()) {
    return through_shell(config, *line);
  }
  return {{"ssh"}, variant_of(config, "ssh")};
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Servers that are no shell (many parse the words themselves) know plain words only, so ordinary
// paths stay unquoted.
std::string quote_for_shell(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+~@%:,=";
  if (text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool is_command_missing(const CommandOutput& output) {
  const std::string told = to_lower(output.err);
  return output.exit_code == 127 ||
         told.find("git-lfs-authenticate: not found") != std::string::npos ||
         told.find("git-lfs-authenticate: command not found") != std::string::npos ||
         told.find("git-lfs-authenticate: no such file") != std::string::npos ||
         told.find("command not found: git-lfs-authenticate") != std::string::npos;
}

bool is_current(const SshGrant& grant) {
  return !grant.expires_at ||
         *grant.expires_at - kExpiryMarginSeconds > static_cast<std::int64_t>(std::time(nullptr));
}

}  // namespace

Result<SshGrant> parse_ssh_grant(std::string_view text, std::int64_t now) {
  constexpr int kDepthMax = 8;
  const Json reply = TRY_CONTEXT("git-lfs-authenticate", parse_json(trim(text), kDepthMax));
  if (!reply.is_object()) return Error(Errc::corrupt, "git-lfs-authenticate printed no object");
  SshGrant grant;
  grant.href = json_string(reply, "href").value_or("");
  if (!grant.href.empty()) {
    const auto url = Url::parse(grant.href);
    if (!url || url->host.empty() || (url->scheme != "http" && url->scheme != "https") ||
        has_control(grant.href)) {
      return Error(Errc::invalid, "git-lfs-authenticate gave an address that is not http(s)");
    }
    while (grant.href.ends_with('/')) grant.href.pop_back();
  }
  if (const Json* headers = json_object(reply, "header"); headers != nullptr) {
    for (const auto& item : headers->items()) {
      if (!item.value().is_string()) continue;
      std::string value = item.value().get<std::string>();
      if (!is_safe_header(item.key(), value)) {
        return Error(Errc::invalid, "git-lfs-authenticate gave a malformed header");
      }
      grant.headers.push_back({item.key(), std::move(value)});
    }
  }
  constexpr std::int64_t kLongest = 10LL * 365 * 86400;
  const std::int64_t in = json_int(reply, "expires_in").value_or(0);
  if (in != 0) {
    grant.expires_at = now + std::clamp<std::int64_t>(in, -kLongest, kLongest);
  } else if (const auto at = json_string(reply, "expires_at")) {
    const auto time = parse_time(*at);
    if (time && *time > 0) grant.expires_at = time;
  }
  return grant;
}

void trace_command(const Command& command) {
  if (!trace_enabled(TraceArea::general) || command.argv.empty()) return;
  std::string plain = command.argv.front();
  std::string quoted = command.argv.front();
  for (std::size_t i = 1; i < command.argv.size(); ++i) {
    plain += " " + command.argv[i];
    quoted += " '" + command.argv[i] + "'";
  }
  trace_line("run_command: " + plain);
  trace_line("exec: " + quoted);
}

Result<std::string> authenticate_command(const SshTarget& target, Operation operation) {
  return remote_program_command("git-lfs-authenticate", target, operation);
}

Result<std::string> remote_program_command(std::string_view program, const SshTarget& target,
                                           Operation operation) {
  if (target.path.empty() || has_control(target.path) || target.path.starts_with('-')) {
    return Error(Errc::invalid, "strange path in the ssh address");
  }
  return std::string(program) + " " + quote_for_shell(target.path) +
         (operation == Operation::upload ? " upload" : " download");
}

Result<Command> ssh_command(const Config& config, const SshTarget& target,
                            const std::string& remote_command,
                            const std::vector<std::string>& extra) {
  if (target.user_and_host.empty() || has_control(target.user_and_host)) {
    return Error(Errc::invalid, "strange host in the ssh address");
  }
  const Program program = choose_program(config);
  Command command;
  command.argv = program.argv;
  if (program.variant == Variant::ssh) {
    command.argv.insert(command.argv.end(), extra.begin(), extra.end());
  }
  if (program.variant == Variant::tortoise) command.argv.emplace_back("-batch");
  if (target.port && program.variant == Variant::simple) {
    return Error(Errc::unsupported, "ssh variant \"simple\" cannot be told a port");
  }
  if (target.port) {
    command.argv.emplace_back(program.variant == Variant::ssh ? "-p" : "-P");
    command.argv.push_back(std::to_string(*target.port));
  }
  std::string host = target.user_and_host;
  if (host.starts_with('-')) {  // must not be read as an option
    if (program.variant == Variant::ssh) {
      command.argv.emplace_back("--");
    } else {
      host.erase(0, host.find_first_not_of('-'));
    }
  }
  if (host.empty()) return Error(Errc::invalid, "strange host in the ssh address");
  command.argv.push_back(std::move(host));
  command.argv.push_back(remote_command);
  return command;
}

SshAuthenticator::SshAuthenticator(const Config& config, SshTarget target, std::string folder)
    : config_(config), target_(std::move(target)), folder_(std::move(folder)) {}

Result<SshGrant> SshAuthenticator::get(Operation operation) {
  {
    auto state = state_.lock();
    landed_.wait(state.mutex_lock(), [&] { return !state->in_flight; });
    if (state->grant && is_current(*state->grant)) return *state->grant;
    if (state->grant) TRACE(TraceArea::general, "ssh cache expired");
    state->in_flight = true;
  }
  Result<SshGrant> grant = ask_with_retries(operation);
  auto state = state_.lock();
  state->in_flight = false;
  state->grant.reset();
  const bool remember = config_.get_bool("lfs.cachecredentials", true);
  if (grant && remember) state->grant = *grant;
  landed_.notify_all();
  return grant;
}

void SshAuthenticator::forget() { state_.lock()->grant.reset(); }

Result<SshGrant> SshAuthenticator::ask_with_retries(Operation operation) const {
  const std::int64_t retries =
      std::clamp<std::int64_t>(config_.get_int("lfs.ssh.retries", 5), 0, 20);
  Result<SshGrant> grant = ask(operation);
  for (int attempt = 1; attempt <= retries && !grant; ++attempt) {
    const Errc code = grant.error().code();
    if (code != Errc::transient && code != Errc::unreachable) break;
    std::this_thread::sleep_for(backoff_delay(attempt, kRetryDelayCap));
    grant = ask(operation);
  }
  // Its tries are spent: callers that would try again what is transient must not begin anew.
  if (!grant && grant.error().code() == Errc::transient) {
    return Error(Errc::unreachable, grant.error().message());
  }
  return grant;
}

Result<SshGrant> SshAuthenticator::ask(Operation operation) const {
  const std::string remote_command = TRY(authenticate_command(target_, operation));
  Command command = TRY(ssh_command(config_, target_, remote_command));
  command.folder = folder_;
  trace_command(command);
  RunOptions run;
  run.timeout = kSshTimeout;
  run.output_bytes_max = kGrantBytesMax;
  const CommandOutput output = TRY(run_command(command, run));
  if (output.exit_code == 0) {
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    SshGrant grant = TRY(parse_ssh_grant(output.out, now));
    const std::int64_t lifetime = config_.get_int("lfs.defaulttokenttl", 0);
    if (!grant.expires_at && lifetime > 0) grant.expires_at = now + lifetime;
    return grant;
  }
  if (is_command_missing(output)) {
    TRACE(TraceArea::general, "ssh: " << target_.user_and_host
                                      << " does not provide git-lfs-authenticate, falling back to "
                                         "guessed LFS endpoint");
    return SshGrant{};
  }
  constexpr int kConnectionFailed = 255;
  const std::string told(trim(output.err));
  return Error(output.exit_code == kConnectionFailed ? Errc::unreachable : Errc::transient,
               "ssh " + target_.user_and_host + ": git-lfs-authenticate failed" +
                   (told.empty() ? "" : ": " + told.substr(0, 1024)));
}

}  // namespace lazylfs::lfs
