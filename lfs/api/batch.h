// The batch call's JSON: what is asked and how the answer reads. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/api/client.h"
#include "lfs/base/json.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

constexpr std::size_t kBatchReplyBytesMax = 16U << 20U;

struct BatchRequest {
  std::string operation = "download";
  std::vector<ObjectId> objects;
  std::vector<std::string> transfers;  // sent unless it is only "basic"
  std::string ref;                     // sent unless empty
};

// One line of JSON, keys in the order operation, objects, transfers, ref, hash_algo.
std::string encode_batch_request(const BatchRequest& request);

// One BatchObject for each of `asked`, in that order. Objects that nobody asked for are ignored;
// one that the reply forgets is Errc::not_found. `now` (seconds since 1970) turns expires_in into
// a time. The whole reply is Errc::corrupt when it is no batch reply, and Errc::unsupported when
// it speaks of another hash than SHA-256.
Result<std::vector<BatchObject>> parse_batch_response(std::string_view body,
                                                      const std::vector<ObjectId>& asked,
                                                      std::int64_t now);

// The parts of a reply, for callers that know of uploads and of other adapters than "basic".
// `entry` is one member of "objects".
const Json* find_action(const Json& entry, const char* name);  // "actions" or the older "_links"
// Errc::invalid unless it has an http(s) address and headers that can be sent.
Result<Action> parse_action(const Json& action, bool authenticated, std::int64_t now);
std::optional<std::int64_t> action_expiry(const Json& action, std::int64_t now);
// What the server says against the object: "message: [code] message", as git-lfs puts it.
std::optional<Error> entry_error(const Json& entry);

// A header that can be sent as it is: a token, and a value without line breaks and NUL.
bool is_safe_header(std::string_view name, std::string_view value);

}  // namespace lazylfs::lfs
