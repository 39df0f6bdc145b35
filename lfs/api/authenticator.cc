// A scope is a small state machine: none → negotiate → basic, as the server's challenges allow.
// Changes are made by one caller at a time, its "flight"; the programs that it runs (git, askpass)
// run without the scope's lock. Others wait for the flight and share its outcome, so that a
// hundred reads that meet a 401 together ask for one password.
#include "lfs/api/authenticator.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <mutex>

#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr int kRefusalsMax = 3;
constexpr std::size_t kIssuedMax = 8;

bool offers(const HttpHead& head, std::string_view scheme) {
  const bool has_own = !head.header("Lfs-Authenticate").empty();
  const std::string_view name = has_own ? "Lfs-Authenticate" : "Www-Authenticate";
  return std::any_of(head.headers.begin(), head.headers.end(), [&](const Header& header) {
    return equals_ignoring_case(header.name, name) && to_lower(header.value).starts_with(scheme);
  });
}

std::vector<std::string> challenges(const HttpHead* head) {
  std::vector<std::string> values;
  if (head == nullptr) return values;
  for (const Header& header : head->headers) {
    if (equals_ignoring_case(header.name, "Www-Authenticate")) values.push_back(header.value);
  }
  return values;
}

// A person sees it once, however many requests there are.
void warn_of_credentials() {
  static std::once_flag told;
  std::call_once(told,
                 [] { std::fputs("warning: current Git remote contains credentials\n", stderr); });
}

}  // namespace

struct Authenticator::Scope {
  struct State {
    Mode mode = Mode::none;
    bool unasked = false;  // basic because of the URL alone
    bool negotiate_tried = false;
    std::optional<Credential> credential;
    bool approved = false;
    bool mode_changed = false;
    std::deque<std::string> issued;  // Authorization values of ours that requests may carry
    int refusals = 0;
    bool in_flight = false;
    std::uint64_t flights = 0;
    std::optional<Error> last_flight_error;
  };
  Guarded<State> state;
  std::condition_variable landed;

  static Grant grant(const State& state) {
    if (state.mode == Mode::negotiate) return {"", true};
    if (state.mode == Mode::basic && state.credential) {
      return {state.credential->authorization(), false};
    }
    return {};
  }
};

Authenticator::Authenticator(const Config& config, Metrics& metrics,
                             const ApiClientOptions& options)
    : config_(config),
      options_(options),
      credentials_(config, metrics, {options.repository_folder, options.interactive}) {}

bool Authenticator::is_endpoint(const Url& url) const {
  const auto endpoint = Url::parse(options_.endpoint.url);
  return endpoint && endpoint->same_origin(url);
}

// Upstream asks its helpers for each request below the endpoint, and a trace shows it.
bool Authenticator::tells_of_reuse(const Url& url) const {
  if (!traces_credentials()) return false;
  const auto endpoint = Url::parse(options_.endpoint.url);
  return endpoint && endpoint->same_origin(url) && url.path.starts_with(endpoint->path);
}

std::shared_ptr<Authenticator::Scope> Authenticator::scope_of(const Url& url) {
  const bool endpoint = is_endpoint(url);
  const std::string key =
      endpoint ? "" : url.scheme + "://" + url.host + ":" + std::to_string(url.effective_port());
  auto scopes = scopes_.lock();
  std::shared_ptr<Scope>& scope = (*scopes)[key];
  if (scope == nullptr) {
    scope = std::make_shared<Scope>();
    const auto endpoint_url = Url::parse(options_.endpoint.url);
    const Url& named = endpoint && endpoint_url ? *endpoint_url : url;
    const std::string access = to_lower(config_.get_for_url("lfs", named, "access").value_or(""));
    auto state = scope->state.lock();
    if (access == "basic" || access == "private") state->mode = Mode::basic;
    if (access == "negotiate") state->mode = Mode::negotiate;
    // A password in the endpoint's own URL is shown without being asked for, as HTTP libraries do.
    const bool told = endpoint && endpoint_url && !endpoint_url->password.empty();
    state->unasked = told && state->mode == Mode::none;
    if (state->unasked) state->mode = Mode::basic;
  }
  return scope;
}

// Whose credentials to ask for: those of the endpoint's or remote's URL count for the endpoint.
Url Authenticator::credential_url(const Url& url) const {
  const auto endpoint = Url::parse(options_.endpoint.url);
  if (!endpoint || !endpoint->same_origin(url)) {
    Url plain = url;
    plain.query.clear();
    return plain;
  }
  if (!endpoint->password.empty()) return *endpoint;
  auto remote = Url::parse(config_.get("remote." + options_.remote + ".url").value_or(""));
  if (!remote) remote = Url::parse(options_.remote);
  if (remote && remote->same_origin(*endpoint)) return *remote;
  return *endpoint;
}

Result<Grant> Authenticator::authorize(const Url& url) {
  const bool has_token =
      url.query.starts_with("token=") || url.query.find("&token=") != std::string::npos;
  if (has_token) return Grant{};
  const std::shared_ptr<Scope> scope = scope_of(url);
  {
    auto state = scope->state.lock();
    if (state->approved && state->credential && tells_of_reuse(url)) {
      credentials_.use_again(credential_url(url), *state->credential);
    }
    if (state->mode != Mode::basic || state->credential) return Scope::grant(*state);
  }
  TRY(renew(*scope, url, nullptr, false));
  return Scope::grant(*scope->state.lock());
}

Authenticator::Mode Authenticator::next_mode(const Scope& scope, const HttpHead& head) {
  auto state = scope.state.lock();
  const bool can_negotiate = state->mode == Mode::none && !state->negotiate_tried;
  return can_negotiate && offers(head, "negotiate") ? Mode::negotiate : Mode::basic;
}

Result<void> Authenticator::refused(const Url& url, const Grant& sent, const HttpHead& head) {
  const std::shared_ptr<Scope> scope = scope_of(url);
  {
    auto state = scope->state.lock();
    const Grant current = Scope::grant(*state);
    const bool is_current =
        sent.authorization == current.authorization && sent.negotiate == current.negotiate;
    const bool is_ours = sent.authorization.empty() || is_current ||
                         std::find(state->issued.begin(), state->issued.end(),
                                   sent.authorization) != state->issued.end();
    if (!is_ours) {
      return Error(Errc::denied,
                   "the server refuses the credentials it gave for " + redact_url(url.text()));
    }
    if (!is_current && !state->in_flight) return {};  // somebody has asked since
  }
  return renew(*scope, url, &head, true);
}

Result<void> Authenticator::renew(Scope& scope, const Url& url, const HttpHead* head,
                                  bool was_refused) {
  std::optional<Credential> old;
  bool unasked = false;
  {
    auto state = scope.state.lock();
    unasked = state->unasked && head == nullptr;
    if (state->in_flight) {
      const std::uint64_t flight = state->flights;
      scope.landed.wait(state.mutex_lock(),
                        [&] { return !state->in_flight || state->flights != flight; });
      if (state->last_flight_error) return *state->last_flight_error;
      return {};
    }
    if (was_refused && ++state->refusals > kRefusalsMax) {
      state->refusals = 0;
      TRACE(TraceArea::general, "api: too many authentication attempts");
      return Error(Errc::denied, "too many authentication attempts for " + redact_url(url.text()) +
                                     "\nCheck the stored credentials with `git credential fill`");
    }
    state->in_flight = true;
    ++state->flights;
    if (was_refused) old = std::exchange(state->credential, std::nullopt);
  }
  const Url whose = credential_url(url);
  if (!unasked && !whose.password.empty()) warn_of_credentials();
  if (old) credentials_.reject(whose, *old);
  const Mode mode = head != nullptr ? next_mode(scope, *head) : Mode::basic;
  std::optional<Credential> fresh;
  std::optional<Error> failed;
  if (mode == Mode::basic) {
    Result<Credential> filled = credentials_.fill(whose, challenges(head), old ? &*old : nullptr);
    if (filled) {
      fresh = std::move(filled).value();
    } else {
      failed = filled.error();
    }
  }
  auto state = scope.state.lock();
  state->in_flight = false;
  state->last_flight_error = failed;
  state->approved = false;
  if (!failed) {
    state->mode_changed = state->mode_changed || state->mode != mode;
    state->mode = mode;
    if (mode == Mode::negotiate) state->negotiate_tried = true;
    state->credential = std::move(fresh);
    state->issued.push_back(Scope::grant(*state).authorization);
    if (state->issued.size() > kIssuedMax) state->issued.pop_front();
  }
  scope.landed.notify_all();
  if (failed) return *failed;
  return {};
}

void Authenticator::accepted(const Url& url, const Grant& sent) {
  if (sent.authorization.empty() && !sent.negotiate) return;
  const std::shared_ptr<Scope> scope = scope_of(url);
  std::optional<Credential> worked;
  std::optional<Mode> changed;
  {
    auto state = scope->state.lock();
    const Grant current = Scope::grant(*state);
    if (sent.authorization != current.authorization || sent.negotiate != current.negotiate) return;
    state->refusals = 0;
    const bool again = std::exchange(state->approved, true);
    const bool told_again = state->credential &&
                            state->credential->source == Credential::Source::netrc &&
                            tells_of_reuse(url);
    if (!again || told_again) worked = state->credential;
    if (std::exchange(state->mode_changed, false)) changed = state->mode;
  }
  if (worked) credentials_.approve(credential_url(url), *worked);
  if (changed && is_endpoint(url)) persist_access(*changed);
}

// Saves later processes the anonymous request. A repository that cannot be written is fine.
void Authenticator::persist_access(Mode mode) const {
  const auto endpoint = Url::parse(options_.endpoint.url);
  if (!endpoint || options_.repository_folder.empty()) return;
  const std::string key = "lfs." + endpoint->text_without_credentials() + ".access";
  const std::string value = mode == Mode::negotiate ? "negotiate" : "basic";
  if (config_.get(key) == value) return;
  Command command;
  command.argv = {"git", "config", "--local", key, value};
  command.folder = options_.repository_folder;
  RunOptions run;
  run.timeout = std::chrono::seconds(10);
  (void)run_command(command, run).has_value();
}

}  // namespace lazylfs::lfs
