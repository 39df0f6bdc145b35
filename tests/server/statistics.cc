#include "tests/server/statistics.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "lfs/base/text.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kListMax = 10000;

// Headers that a client must not carry to a place where they do not belong.
bool may_be_secret(const std::string& name) {
  for (const std::string_view known : {"authorization", "cookie", "x-test-token"}) {
    if (name == known) return true;
  }
  return false;
}

void remember(std::deque<Json>& list, Json entry) {
  if (list.size() == kListMax) list.pop_front();
  list.push_back(std::move(entry));
}

template <typename Map>
Json object_of(const Map& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

}  // namespace

void Statistics::request_begins(const HttpRequest& request, const Route& route,
                                std::string_view origin) {
  const std::int64_t now = ++concurrent_;
  const std::int64_t downloads = route.kind == Kind::download ? ++downloads_ : 0;
  auto counts = counts_.lock();
  counts->concurrent_max = std::max(counts->concurrent_max, now);
  counts->downloads_max = std::max(counts->downloads_max, downloads);
  ++counts->requests[std::string(kind_name(route.kind))];
  for (const auto& [name, value] : request.headers) {
    const std::string lower = to_lower(name);
    if (!may_be_secret(lower)) continue;
    ++counts->secrets[std::string(origin)][lower];
    if (lower == "authorization") ++counts->authorization[std::string(origin)];
  }
}

void Statistics::request_ends(const HttpRequest& request, const Route& route,
                              const Delivered& outcome) {
  --concurrent_;
  if (route.kind == Kind::download) --downloads_;
  Json headers = Json::object();
  for (const auto& [name, value] : request.headers) headers[to_lower(name)] = value;
  auto counts = counts_.lock();
  ++counts->statuses[std::string(kind_name(route.kind))][outcome.status];
  const std::string_view range = request.header("Range");
  if (route.kind == Kind::download) {
    remember(counts->ranges, {{"oid", route.oid},
                              {"range", std::string(range)},
                              {"status", outcome.status},
                              {"bytes", outcome.body_bytes}});
  }
  remember(counts->log, {{"kind", kind_name(route.kind)},
                         {"method", request.method},
                         {"target", request.target},
                         {"port", request.port},
                         {"status", outcome.status},
                         {"bytes", outcome.body_bytes},
                         {"headers", std::move(headers)}});
}

void Statistics::call(const HttpRequest& request, const std::string& body) {
  remember(counts_.lock()->calls,
           {{"method", request.method}, {"target", request.target}, {"body", body}});
}

void Statistics::batch(std::string_view operation, std::size_t objects) {
  auto counts = counts_.lock();
  ++counts->batch_operations[std::string(operation)];
  if (counts->batch_objects.size() < kListMax) counts->batch_objects.push_back(objects);
}

void Statistics::settle() const {
  using std::chrono::milliseconds;
  const auto end = std::chrono::steady_clock::now() + milliseconds(250);
  while (concurrent_ > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

Json Statistics::to_json() const {
  Json result;
  auto counts = counts_.lock();
  Json requests = Json::object();
  for (std::size_t i = 1; i < static_cast<std::size_t>(Kind::count_); ++i) {
    const std::string name(kind_name(static_cast<Kind>(i)));
    const auto found = counts->requests.find(name);
    requests[name] = found == counts->requests.end() ? 0 : found->second;
    result[name + "_bytes"] = sent_.at(i).load();
  }
  result["requests"] = std::move(requests);
  Json statuses = Json::object();
  for (const auto& [kind, by_status] : counts->statuses) {
    for (const auto& [status, count] : by_status) statuses[kind][std::to_string(status)] = count;
  }
  result["statuses"] = std::move(statuses);
  result["received_bytes"] = uploaded_.load();
  result["batch_calls"] = counts->requests["batch"];
  result["batch_operations"] = object_of(counts->batch_operations);
  result["batch_objects"] = counts->batch_objects;
  result["ranges"] = Json(counts->ranges);
  result["connections"] = connections_.load();
  result["max_concurrent"] = counts->concurrent_max;
  result["max_concurrent_downloads"] = counts->downloads_max;
  result["authorization_by_origin"] = object_of(counts->authorization);
  Json secrets = Json::object();
  for (const auto& [origin, names] : counts->secrets) secrets[origin] = object_of(names);
  result["secret_headers_by_origin"] = std::move(secrets);
  return result;
}

Json Statistics::log() const { return Json(counts_.lock()->log); }

Json Statistics::calls() const { return Json(counts_.lock()->calls); }

void Statistics::reset() {
  *counts_.lock() = {};
  for (auto& counter : sent_) counter = 0;
  connections_ = 0;
  uploaded_ = 0;
}

}  // namespace lazylfs::server
