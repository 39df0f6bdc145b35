// Where user names and passwords come from: the URL, netrc, what worked before in this process,
// an askpass program, and git's credential helpers.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/base/metrics.h"
#include "lfs/base/result.h"
#include "lfs/base/url.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

// Value. Either username and password, or a ready-made authtype and credential.
struct Credential {
  enum class Source { url, netrc, askpass, helper };

  std::string username, password;
  std::string authtype, credential;
  std::vector<std::string> state;  // the helper's own, handed back to it
  bool continues = false;          // a step of several: a refusal is no reason to reject it
  Source source = Source::helper;

  // The value of the Authorization header.
  std::string authorization() const;
};

struct CredentialOptions {
  std::string folder;  // where git runs; may be empty
  bool interactive = false;
  std::chrono::milliseconds helper_timeout{60000};  // ten minutes when interactive
};

// Thread-safe. Calls block while a program runs; nothing is held locked meanwhile.
class CredentialStore {
 public:
  // `config` and `metrics` must outlive the store.
  CredentialStore(const Config& config, Metrics& metrics, CredentialOptions options);

  // Errc::denied when nobody knows one. `www_authenticate` are the server's challenges; `previous`
  // is the step before, when the helper said that more follow.
  Result<Credential> fill(const Url& url, const std::vector<std::string>& www_authenticate,
                          const Credential* previous = nullptr);
  // It worked: remember it, and tell the helper that gave it.
  void approve(const Url& url, const Credential& credential);
  // It is sent again without being asked for: only a trace has to know.
  void use_again(const Url& url, const Credential& credential) const;
  // It was refused: forget it, and tell the helper that gave it.
  void reject(const Url& url, const Credential& credential);

 private:
  struct Memory {
    std::map<std::string, Credential> approved;  // by scope
    std::set<std::string> netrc_refused, url_refused;
  };

  std::string scope(const Url& url) const;
  bool uses_path(const Url& url) const;
  std::string askpass_program(const Url& url) const;
  Result<std::string> ask(const std::string& program, const std::string& prompt) const;
  Result<Credential> fill_from_askpass(const std::string& program, const Url& url) const;
  Result<Credential> fill_from_git(const Url& url, const std::vector<std::string>& www_authenticate,
                                   const Credential* previous) const;
  Result<std::string> describe(const Url& url, const Credential* credential,
                               const std::vector<std::string>& www_authenticate,
                               const std::vector<std::string>& state) const;
  // What netrc gave has the same verbs in traces as what a helper gave.
  void trace_verb(std::string_view verb, const Url& url,
                  const Credential* from_netrc = nullptr) const;
  Result<std::string> run_git_credential(std::string_view verb, const Url& url,
                                         std::string_view input) const;

  const Config& config_;
  Metrics& metrics_;
  CredentialOptions options_;
  Guarded<Memory> memory_;
};

// Whether traces tell where credentials come from.
bool traces_credentials();

std::string base64_encode(std::string_view text);

}  // namespace lazylfs::lfs
