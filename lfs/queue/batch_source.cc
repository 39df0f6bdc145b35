#include "lfs/queue/batch_source.h"

#include <algorithm>
#include <limits>

#include "lfs/api/batch.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr int kUnlimited = std::numeric_limits<int>::max();
// A server in trouble gets a few seconds, not the minutes that its objects may take.
constexpr int kServerErrorRetries = 4;

Result<BatchAnswer> read_answer(const ApiResponse& response) {
  constexpr std::size_t kTypeBytesMax = 100;
  const Result<Json> reply = response.json();
  if (!reply) {
    const std::string type(response.head.header("Content-Type"));
    const bool other_type = reply.error().code() == Errc::corrupt && !type.empty() &&
                            type.find("json") == std::string::npos;
    if (!other_type) return reply.error();
    return Error(Errc::corrupt,
                 "Expected JSON type, got: \"" + type.substr(0, kTypeBytesMax) + "\"");
  }
  const std::string hash = json_string(*reply, "hash_algo").value_or("");
  if (!hash.empty() && hash != "sha256") {
    return Error(Errc::unsupported, "unsupported hash algorithm: " + hash.substr(0, 32));
  }
  BatchAnswer answer;
  answer.transfer = json_string(*reply, "transfer").value_or("");
  const Json* objects = json_array(*reply, "objects");
  if (objects == nullptr) {
    if (reply->is_object()) return answer;  // every object is then one that was left out
    return Error(Errc::corrupt, "the server's reply is no batch reply");
  }
  answer.entries.assign(objects->begin(), objects->end());
  return answer;
}

}  // namespace

BatchOutcome HttpBatchSource::ask(const BatchQuestion& question) {
  BatchRequest request;
  request.operation = question.operation == Operation::upload ? "upload" : "download";
  request.objects = question.objects;
  request.transfers = question.transfers;
  request.ref = question.ref;
  ApiCall call;
  call.operation = question.operation;
  call.method = "POST";
  call.path = "/objects/batch";
  call.purpose = "lfs.batch";
  call.body = encode_batch_request(request);
  metrics_.add(Counter::batch_calls);
  metrics_.add(Counter::batch_objects, question.objects.size());
  const auto started = std::chrono::steady_clock::now();
  const Result<ApiResponse> response = client_.call(call);
  metrics_.record(Latency::batch_call, std::chrono::steady_clock::now() - started);
  BatchOutcome outcome{Error(Errc::io, "no answer"), 0, std::nullopt, false};
  if (!response) {
    outcome.answer = response.error().with_context("batch response");
    if (response.error().code() == Errc::transient) outcome.retries = kUnlimited;
    return outcome;
  }
  const int status = response->head.status;
  if (response->is_success()) {
    Result<BatchAnswer> answer = read_answer(*response);
    outcome.answer = answer ? std::move(answer) : answer.error().with_context("batch response");
    return outcome;
  }
  outcome.answer = response->error().with_context("batch response");
  outcome.retry_after = retry_after_seconds(response->head);
  outcome.too_large = status == 413;
  if (status == 429 || status == 408) outcome.retries = kUnlimited;
  if (status >= 500 && status != 501 && status != 507 && status != 509) {
    outcome.retries = outcome.retry_after ? kUnlimited : kServerErrorRetries;
  }
  return outcome;
}

BatchOutcome NoBatchSource::ask(const BatchQuestion& question) {
  BatchAnswer answer;
  answer.transfer = transfer_;
  for (const ObjectId& id : question.objects) {
    Json entry;
    entry["oid"] = id.oid.hex();
    entry["size"] = id.size;
    answer.entries.push_back(std::move(entry));
  }
  return {std::move(answer), 0, std::nullopt, false};
}

}  // namespace lazylfs::lfs
