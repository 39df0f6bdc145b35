// The batch call's JSON: what is asked and how the answer reads. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/api/client.h"
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

// A header that can be sent as it is: a token, and a value without line breaks and NUL.
bool is_safe_header(std::string_view name, std::string_view value);

}  // namespace lazylfs::lfs
