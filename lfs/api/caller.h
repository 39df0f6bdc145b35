// One exchange with an LFS server's API and all that surrounds it: what git-lfs-authenticate gave,
// credentials, redirects, retries.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "lfs/api/authenticator.h"
#include "lfs/api/client.h"
#include "lfs/api/sender.h"
#include "lfs/api/ssh_authenticate.h"

namespace lazylfs::lfs {

// Thread-safe. Calls block.
class ApiCaller {
 public:
  using Clock = std::chrono::steady_clock;

  // What `engine` and `config` refer to must outlive the caller.
  ApiCaller(HttpEngine& engine, const Config& config, Metrics& metrics,
            const ApiClientOptions& options);

  struct Attempts {
    Clock::time_point deadline;
    int count = 0;  // so far
    bool ssh_renewed = false;
  };
  // The response that ends the call, whatever its status, except for a 401 that nothing helps
  // against (Errc::denied). Overload and broken connections are retried when the call says so.
  Result<ApiResponse> run(const ApiCall& call, Attempts& attempts);

  // Adds our credentials to `request` unless it carries some already.
  Result<Grant> grant_for(HttpRequest& request);
  // Options from the configuration, and the passphrase of an encrypted client key.
  // Remembered for all that lies in one folder of a host.
  Result<std::shared_ptr<const HttpOptions>> options_for(const Url& url);

  void note_trouble(int attempts, std::string_view url, const ApiResponse* response,
                    const std::string& message);
  std::optional<ServerTrouble> last_trouble() const { return *trouble_.lock(); }
  void set_trouble(ServerTrouble trouble) { *trouble_.lock() = std::move(trouble); }
  Authenticator& authenticator() { return authenticator_; }
  Sender& sender() { return sender_; }

 private:
  // What a response made of the call: nothing means "go round again".
  using Turn = Result<std::optional<ApiResponse>>;

  Turn take_turn(const ApiCall& call, Attempts& attempts);
  Turn after_failure(const ApiCall& call, Attempts& attempts, const HttpRequest& request,
                     const Error& error);
  Turn after_response(const ApiCall& call, Attempts& attempts, const HttpRequest& request,
                      ApiResponse response, const Grant& grant);
  Turn after_refusal(Attempts& attempts, const HttpRequest& request, const ApiResponse& response,
                     const Grant& grant);
  Turn wait_and_retry(const Attempts& attempts, const Error& error,
                      std::optional<std::int64_t> seconds);
  Result<HttpRequest> make_request(const ApiCall& call);
  Result<ApiResponse> send_following_redirects(const Attempts& attempts, HttpRequest& request,
                                               Grant& grant);

  const Config& config_;
  Metrics& metrics_;
  const ApiClientOptions options_;
  Sender sender_;
  Authenticator authenticator_;
  std::unique_ptr<SshAuthenticator> ssh_;
  Result<std::shared_ptr<const HttpOptions>> make_options_for(const Url& url);
  Guarded<std::map<std::string, std::shared_ptr<const HttpOptions>>> known_options_;
  Guarded<std::optional<ServerTrouble>> trouble_;
};

std::string_view authorization_in(const std::vector<Header>& headers);
// The media types that an LFS server may answer with; an absent one is fine.
bool is_json(const HttpHead& head);
bool is_redirect(int status);

}  // namespace lazylfs::lfs
