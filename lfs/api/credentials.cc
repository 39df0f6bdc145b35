#include "lfs/api/credentials.h"

#include "lfs/api/netrc.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kHelperBytesMax = 1U << 20U;
constexpr std::chrono::minutes kPromptTimeout{10};

std::string host_with_port(const Url& url) {
  return url.host + (url.port ? ":" + std::to_string(*url.port) : "");
}

std::string path_without_slash(const Url& url) {
  const std::string path = percent_decode(url.path);
  // A certificate's path is a file name, of which the slash is a part.
  return url.scheme != "cert" && path.starts_with('/') ? path.substr(1) : path;
}

Error not_found(const Url& url, const std::string& why) {
  return Error(Errc::denied, "Git credentials for " + url.text_without_credentials() +
                                 " not found" + (why.empty() ? "." : ":\n" + why));
}

}  // namespace

bool traces_credentials() {
  return trace_enabled(TraceArea::general) || trace_enabled(TraceArea::auth);
}

std::string base64_encode(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const char c = i + k < text.size() ? text[i + k] : '\0';
      group = (group << 8U) | static_cast<unsigned char>(c);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > text.size();
      result += padding ? '=' : kDigits[(group >> (18U - 6U * k)) & 63U];
    }
  }
  return result;
}

std::string Credential::authorization() const {
  if (!authtype.empty()) return authtype + " " + credential;
  return "Basic " + base64_encode(username + ":" + password);
}

CredentialStore::CredentialStore(const Config& config, Metrics& metrics, CredentialOptions options)
    : config_(config), metrics_(metrics), options_(std::move(options)) {}

bool CredentialStore::uses_path(const Url& url) const {
  if (url.scheme == "cert") return true;
  const auto value = config_.get_for_url("credential", url, "usehttppath");
  return value && (equals_ignoring_case(*value, "true") || *value == "1" ||
                   equals_ignoring_case(*value, "yes") || equals_ignoring_case(*value, "on"));
}

// What a credential is valid for.
std::string CredentialStore::scope(const Url& url) const {
  return url.scheme + "://" + url.user + "@" + host_with_port(url) +
         (uses_path(url) ? "/" + path_without_slash(url) : "");
}

Result<Credential> CredentialStore::fill(const Url& url,
                                         const std::vector<std::string>& www_authenticate,
                                         const Credential* previous) {
  if (previous != nullptr && previous->continues) {
    return fill_from_git(url, www_authenticate, previous);
  }
  const std::string where = scope(url);
  std::optional<Credential> approved;
  bool url_refused = false;
  bool netrc_refused = false;
  {
    auto memory = memory_.lock();
    const auto found = memory->approved.find(where);
    if (found != memory->approved.end()) approved = found->second;
    url_refused = memory->url_refused.contains(where);
    netrc_refused = memory->netrc_refused.contains(where);
  }
  if (!url.password.empty() && !url_refused) {
    Credential credential;
    credential.username = percent_decode(url.user);
    credential.password = percent_decode(url.password);
    credential.source = Credential::Source::url;
    return credential;
  }
  if (url.scheme != "cert" && !netrc_refused) {
    const auto login = find_netrc_login(url.host);
    if (login && (url.user.empty() || percent_decode(url.user) == login->login)) {
      Credential credential;
      credential.username = login->login;
      credential.password = login->password;
      credential.source = Credential::Source::netrc;
      trace_verb("fill", url, &credential);
      return credential;
    }
  }
  if (approved) {
    trace_verb("cache", url);
    return *approved;
  }
  metrics_.add(Counter::auth_prompts);
  const std::string askpass = askpass_program(url);
  if (!askpass.empty()) {
    Result<Credential> answer = fill_from_askpass(askpass, url);
    if (answer) return answer;
  }
  return fill_from_git(url, www_authenticate, nullptr);
}

void CredentialStore::approve(const Url& url, const Credential& credential) {
  if (config_.get_bool("lfs.cachecredentials", true)) {
    memory_.lock()->approved[scope(url)] = credential;
  }
  if (credential.source == Credential::Source::netrc) trace_verb("approve", url, &credential);
  if (credential.source != Credential::Source::helper || url.scheme == "cert") return;
  const Result<std::string> input = describe(url, &credential, {}, credential.state);
  if (input) (void)run_git_credential("approve", url, *input).has_value();
}

void CredentialStore::use_again(const Url& url, const Credential& credential) const {
  if (credential.source == Credential::Source::netrc) trace_verb("fill", url, &credential);
  const bool remembered = credential.source == Credential::Source::helper ||
                          credential.source == Credential::Source::askpass;
  if (remembered) trace_verb("cache", url);
}

void CredentialStore::reject(const Url& url, const Credential& credential) {
  {
    auto memory = memory_.lock();
    memory->approved.erase(scope(url));
    if (credential.source == Credential::Source::netrc) memory->netrc_refused.insert(scope(url));
    if (credential.source == Credential::Source::url) memory->url_refused.insert(scope(url));
  }
  if (credential.source == Credential::Source::netrc) trace_verb("reject", url, &credential);
  if (credential.source != Credential::Source::helper || credential.continues) return;
  const Result<std::string> input = describe(url, &credential, {}, credential.state);
  if (input) (void)run_git_credential("reject", url, *input).has_value();
}

// Empty when git's helpers are to be asked.
std::string CredentialStore::askpass_program(const Url& url) const {
  const auto helper = config_.get_for_url("credential", url, "helper");
  if (helper && !helper->empty()) return {};
  std::string program = env_or_empty("GIT_ASKPASS");
  if (program.empty()) program = config_.get("core.askpass").value_or("");
  if (program.empty()) program = env_or_empty("SSH_ASKPASS");
  return program;
}

Result<std::string> CredentialStore::ask(const std::string& program,
                                         const std::string& prompt) const {
  Command command;
  command.argv = {program, prompt};
  command.folder = options_.folder;
  if (traces_credentials()) {
    trace_line("creds: filling with GIT_ASKPASS: " + program + " " + prompt);
  }
  RunOptions run;
  run.timeout = options_.interactive ? kPromptTimeout : options_.helper_timeout;
  run.output_bytes_max = kHelperBytesMax;
  const Result<CommandOutput> output = run_command(command, run);
  if (!output) {
    if (traces_credentials()) trace_line("creds: failed to find GIT_ASKPASS command: " + program);
    return output.error();
  }
  if (output->exit_code != 0 || !output->err.empty()) {
    return Error(Errc::denied, program + " gave no answer");
  }
  return std::string(trim(output->out));
}

Result<Credential> CredentialStore::fill_from_askpass(const std::string& program,
                                                      const Url& url) const {
  Url shown = url;
  shown.password.clear();
  shown.query.clear();
  if (!uses_path(url)) shown.path.clear();
  Credential credential;
  credential.source = Credential::Source::askpass;
  credential.username = percent_decode(url.user);
  if (credential.username.empty()) {
    credential.username = TRY(ask(program, "Username for \"" + shown.text() + "\""));
    shown.user = percent_encode(credential.username);
  }
  credential.password = TRY(ask(program, "Password for \"" + shown.text() + "\""));
  return credential;
}

// git's credential protocol: "key=value" lines. A value that could add a line of its own could
// make a helper hand out another host's password, hence the checks.
Result<std::string> CredentialStore::describe(const Url& url, const Credential* credential,
                                              const std::vector<std::string>& www_authenticate,
                                              const std::vector<std::string>& state) const {
  std::vector<std::pair<std::string, std::string>> lines = {
      {"capability[]", "authtype"}, {"capability[]", "state"}, {"protocol", url.scheme}};
  if (url.scheme == "cert" || !url.host.empty()) lines.emplace_back("host", host_with_port(url));
  if (uses_path(url)) lines.emplace_back("path", path_without_slash(url));
  if (url.scheme == "cert") {
    lines.emplace_back("username", "");  // or git would ask for one
  } else if (credential != nullptr && !credential->username.empty()) {
    lines.emplace_back("username", credential->username);
  } else if (!url.user.empty()) {
    lines.emplace_back("username", percent_decode(url.user));
  }
  if (credential != nullptr) {
    if (!credential->password.empty()) lines.emplace_back("password", credential->password);
    if (!credential->authtype.empty()) {
      lines.emplace_back("authtype", credential->authtype);
      lines.emplace_back("credential", credential->credential);
    }
  }
  for (const std::string& value : state) lines.emplace_back("state[]", value);
  const auto skip = config_.get_for_url("credential", url, "skipwwwauth");
  if (!skip || *skip != "true") {
    for (const std::string& value : www_authenticate) lines.emplace_back("wwwauth[]", value);
  }
  const auto protect = config_.get_for_url("credential", url, "protectprotocol");
  const bool refuse_cr = !protect || !equals_ignoring_case(*protect, "false");
  std::string input;
  for (const auto& [key, value] : lines) {
    const bool breaks = value.find('\n') != std::string::npos ||
                        value.find('\0') != std::string::npos ||
                        (refuse_cr && value.find('\r') != std::string::npos);
    if (breaks) {
      return Error(Errc::denied, "credential value for " + key + " contains a line break or NUL");
    }
    input.append(key).append("=").append(value).append("\n");
  }
  return input + "\n";
}

void CredentialStore::trace_verb(std::string_view verb, const Url& url,
                                 const Credential* from_netrc) const {
  if (!traces_credentials()) return;
  const bool names_login = from_netrc != nullptr && verb == "fill";
  trace_line(std::string(from_netrc != nullptr ? "netrc" : "creds") + ": git credential " +
             std::string(verb) + " (\"" + url.scheme + "\", \"" + host_with_port(url) + "\", \"" +
             (names_login ? from_netrc->username + "\", \"" : "") +
             (uses_path(url) ? path_without_slash(url) : "") + "\")");
}

Result<std::string> CredentialStore::run_git_credential(std::string_view verb, const Url& url,
                                                        std::string_view input) const {
  trace_verb(verb, url);
  Command command;
  command.argv = {"git", "credential", std::string(verb)};
  command.folder = options_.folder;
  if (!options_.interactive) command.set_environment = {"GIT_TERMINAL_PROMPT=0"};
  RunOptions run;
  run.input = input;
  run.timeout = options_.interactive ? kPromptTimeout : options_.helper_timeout;
  run.output_bytes_max = kHelperBytesMax;
  run.inherit_stderr = options_.interactive;
  return run_command_checked(command, run);
}

Result<Credential> CredentialStore::fill_from_git(const Url& url,
                                                  const std::vector<std::string>& www_authenticate,
                                                  const Credential* previous) const {
  const std::string input =
      TRY(describe(url, nullptr, www_authenticate,
                   previous != nullptr ? previous->state : std::vector<std::string>()));
  const Result<std::string> output = run_git_credential("fill", url, input);
  if (!output) {
    if (output.error().code() == Errc::timed_out) return output.error();
    // The person has just read what git had to say.
    return not_found(url, options_.interactive ? "" : output.error().message());
  }
  Credential credential;
  for (std::string_view line : split(*output, '\n')) {
    const std::string_view key = take_until(line, '=');
    if (key == "username") credential.username = std::string(line);
    if (key == "password") credential.password = std::string(line);
    if (key == "authtype") credential.authtype = std::string(line);
    if (key == "credential") credential.credential = std::string(line);
    if (key == "state[]") credential.state.emplace_back(line);
    if (key == "continue") credential.continues = line == "1" || line == "true";
  }
  const bool usable = !credential.password.empty() || !credential.username.empty() ||
                      (!credential.authtype.empty() && !credential.credential.empty());
  if (!usable) return not_found(url, "");
  if (credential.authtype.find_first_of("\r\n") != std::string::npos) credential.authtype.clear();
  return credential;
}

}  // namespace lazylfs::lfs
