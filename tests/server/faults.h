// Faults that tests order at run time: which requests go wrong, and how.
//
// A rule is {"match": {…}, "action": {…}}. Match (all that are given must hold): "kind", "oid",
// "path_prefix", "nth" (only the nth match, from 1), "count" (at most so many times; default 1,
// or for ever with 0). A rule with "corrupt_at" matches only requests that ask for that byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/base/json.h"
#include "tests/server/http_message.h"
#include "tests/server/route.h"

namespace lazylfs::server {

struct FaultAction {
  int status = 0;  // answer with this instead
  Headers headers;
  std::string body;
  std::uint64_t delay_ms = 0;
  Delivery delivery;
  bool ignore_range = false;
  std::optional<std::uint64_t> cut_upload_after;  // of a tus PATCH: keep so many bytes, then fail
  std::string wrong_range;                        // "shifted", "missing" or "total"
  std::string redirect;  // "same", "cross", "loop" or a URL with {oid}, {target}, {api}, {storage}
  int redirect_status = 307;
  std::string json;            // how a batch reply is spoiled (see batch_faults.h)
  std::string expired_action;  // "told": expires_at is in the past; "silent": only the URL expired
};

// Thread-safe.
class Faults {
 public:
  // A rule or an array of rules. Errc::invalid for an unknown key, so that a misspelt fault
  // cannot pass as a test.
  Result<void> add(const Json& rules);
  void clear();
  // The first rule that matches, counted as used.
  std::optional<FaultAction> take(const HttpRequest& request, const Route& route);
  Json to_json() const;

 private:
  struct Rule {
    std::string kind, oid, path_prefix;
    std::uint64_t nth = 0;
    std::uint64_t count = 1;
    std::uint64_t seen = 0, used = 0;
    FaultAction action;
  };
  static Result<Rule> parse_rule(const Json& rule);
  static bool matches(const Rule& rule, const HttpRequest& request, const Route& route);

  Guarded<std::vector<Rule>> rules_;
};

}  // namespace lazylfs::server
