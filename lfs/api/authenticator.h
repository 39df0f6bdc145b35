// Which Authorization a request carries, and what to do when it is refused.
//
// Credentials belong to a scope: the LFS endpoint with all below its origin, or another origin.
// Each scope starts in the access mode that lfs.<url>.access names (none, when nothing does).
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lfs/api/client.h"
#include "lfs/api/credentials.h"

namespace lazylfs::lfs {

// What one request was allowed to show.
struct Grant {
  std::string authorization;  // empty: none
  bool negotiate = false;
};

// Thread-safe. Concurrent callers who need the same credentials wait for one who asks.
class Authenticator {
 public:
  Authenticator(const Config& config, Metrics& metrics, const ApiClientOptions& options);

  // Blocks only when the access mode asks for credentials that are not known yet.
  Result<Grant> authorize(const Url& url);

  // The server answered 401 to a request with `sent`. Success: authorize() now gives something
  // else, so try again. Errc::denied when there is no hope.
  Result<void> refused(const Url& url, const Grant& sent, const HttpHead& head);

  // The server accepted `sent`.
  void accepted(const Url& url, const Grant& sent);

  CredentialStore& credentials() { return credentials_; }

 private:
  enum class Mode { none, negotiate, basic };
  struct Scope;

  std::shared_ptr<Scope> scope_of(const Url& url);
  bool is_endpoint(const Url& url) const;
  bool tells_of_reuse(const Url& url) const;
  Url credential_url(const Url& url) const;
  Result<void> renew(Scope& scope, const Url& url, const HttpHead* head, bool was_refused);
  void persist_access(Mode mode) const;
  static Mode next_mode(const Scope& scope, const HttpHead& head);

  const Config& config_;
  ApiClientOptions options_;
  CredentialStore credentials_;
  Guarded<std::map<std::string, std::shared_ptr<Scope>>> scopes_;
};

}  // namespace lazylfs::lfs
