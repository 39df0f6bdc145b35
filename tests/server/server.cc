#include "tests/server/server.h"

#include <chrono>
#include <thread>

#include "lfs/base/fd.h"
#include "lfs/base/text.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kOrderBytesMax = 16U << 20U;

std::string base64(std::string_view text) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      const auto byte = i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0U;
      group = (group << 8U) | byte;
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > text.size();
      result += padding ? '=' : kDigits[(group >> (18U - 6U * j)) & 63U];
    }
  }
  return result;
}

std::string_view area_of(Kind kind) {
  switch (kind) {
    case Kind::batch:
    case Kind::verify:
    case Kind::locks:
      return "api";
    case Kind::git:
      return "git";
    case Kind::download:
    case Kind::upload:
      return "storage";
    default:
      return "";
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// The body of an API call, read in full so that it can be remembered.
class ReadBody : public RequestBody {
 public:
  explicit ReadBody(std::string text) : text_(std::move(text)) {}
  Result<void> read_all(
      const std::function<Result<void>(std::span<const std::byte>)>& take) override {
    return take(as_bytes(text_));
  }

 private:
  std::string text_;
};

}  // namespace

Server::Server(const Options& options, Origins origins)
    : options_(options),
      links_(*find_behaviour(options.behave), std::move(origins)),
      store_(options.root + "/objects"),
      git_(options.root),
      api_(links_, store_, statistics_),
      storage_(links_, store_, statistics_),
      latency_ms_(options.latency_ms),
      rate_(options.rate_bytes_per_s) {}

Response Server::handle(const HttpRequest& request, RequestBody& body) {
  const Route route = route_of(request);
  if (route.kind == Kind::admin) return admin(request, route.rest, body);
  if (offline_) {
    Response nothing;
    nothing.status = 0;  // not counted
    nothing.delivery.drop = true;
    return nothing;
  }
  statistics_.request_begins(request, route, links_.on_storage(request) ? "storage" : "api");
  const FaultAction fault = faults_.take(request, route).value_or(FaultAction{});
  const std::chrono::milliseconds pause(latency_ms_ + fault.delay_ms);
  if (pause.count() > 0) std::this_thread::sleep_for(pause);
  Response response = dispatch(request, route, body, fault);
  response.delivery = fault.delivery;
  for (const auto& [name, value] : fault.headers) response.set_header(name, value);
  response.counter = &statistics_.sent(route.kind);
  return response;
}

Response Server::dispatch(const HttpRequest& request, const Route& route, RequestBody& body,
                          const FaultAction& fault) {
  if (!fault.redirect.empty()) return redirect(request, route, fault);
  if (fault.status != 0) {
    return fault.body.empty() ? Response::error(fault.status, "told to fail")
                              : Response::text(fault.status, "application/json", fault.body);
  }
  const std::optional<std::string> user = authenticate(request, route.kind);
  if (!user) {
    Response refused = Response::error(401, "Credentials needed");
    refused.set_header("WWW-Authenticate", "Basic realm=\"test\"");
    refused.set_header("LFS-Authenticate", "Basic realm=\"test\"");
    return refused;
  }
  const int api_redirect = links_.behaviour().redirect_api;
  if (route.kind == Kind::batch && api_redirect != 0 && !request.path.starts_with("/moved/")) {
    FaultAction moved;
    moved.redirect = "same";
    moved.redirect_status = api_redirect;
    return redirect(request, route, moved);
  }
  if (area_of(route.kind) == "api") {
    const Result<std::string> text = body.text(kOrderBytesMax);
    if (!text) return Response::error(400, text.error().message());
    statistics_.call(request, *text);
    ReadBody read(*text);
    return dispatch_call(request, route, read, *user, fault);
  }
  switch (route.kind) {
    case Kind::download:
      return storage_.download(request, route, fault);
    case Kind::upload:
      return storage_.upload(request, route, body, fault);
    case Kind::git:
      return git_.handle(request, route, body);
    default:
      return Response::error(404, "nothing is here");
  }
}

Response Server::dispatch_call(const HttpRequest& request, const Route& route, RequestBody& body,
                               const std::string& user, const FaultAction& fault) {
  switch (route.kind) {
    case Kind::batch:
      return api_.batch(request, route, body, fault);
    case Kind::verify:
      return api_.verify(body);
    default:
      return locks_.handle(request, route, body, user.empty() ? "anonymous" : user);
  }
}

void Server::delivered(const HttpRequest& request, const Delivered& outcome) {
  const Route route = route_of(request);
  if (route.kind == Kind::admin || outcome.status == 0) return;
  statistics_.request_ends(request, route, outcome);
}

Response Server::redirect(const HttpRequest& request, const Route& route,
                          const FaultAction& fault) const {
  const Origins& origins = links_.origins();
  const bool storage = links_.on_storage(request);
  std::string location = fault.redirect;
  if (location == "same") location = (storage ? origins.storage : origins.api) + "/moved{target}";
  if (location == "cross") location = (storage ? origins.api : origins.storage) + "/moved{target}";
  if (location == "loop") location = (storage ? origins.storage : origins.api) + "{target}";
  replace_all(location, "{oid}", route.oid);
  replace_all(location, "{api}", origins.api);
  replace_all(location, "{storage}", origins.storage);
  replace_all(location, "{target}", request.target);
  Response response;
  response.status = fault.redirect_status;
  response.set_header("Location", location);
  return response;
}

std::optional<std::string> Server::authenticate(const HttpRequest& request, Kind kind) const {
  const std::string_view area = area_of(kind);
  if (options_.users.empty() || area.empty()) return "";
  const std::string_view sent = request.header("Authorization");
  for (const std::string& user : options_.users) {
    if (sent == "Basic " + base64(user)) return user.substr(0, user.find(':'));
  }
  for (const std::string_view guarded : split(options_.auth_areas, ',')) {
    if (guarded == area) return std::nullopt;
  }
  return "";
}

Response Server::configure(const Json& settings) {
  for (const auto& [name, value] : settings.items()) {
    if (name == "offline" && value.is_boolean()) {
      offline_ = value.get<bool>();
    } else if (name == "latency_ms" && value.is_number_integer()) {
      latency_ms_ = value.get<std::uint64_t>();
    } else if (name == "rate_bytes_per_s" && value.is_number()) {
      rate_ = value.get<std::uint64_t>();
    } else {
      return Response::error(400, "unknown setting " + name);
    }
  }
  return Response::json(200, {{"latency_ms", latency_ms_.load()},
                              {"rate_bytes_per_s", rate_.load()},
                              {"offline", offline_.load()}});
}

Response Server::admin(const HttpRequest& request, const std::string& verb, RequestBody& body) {
  const std::string order = request.method + " " + verb;
  const bool counts = verb == "stats" || verb == "log" || verb == "calls" || verb == "reset-stats";
  if (counts) statistics_.settle();
  if (order == "GET stats") return Response::json(200, statistics_.to_json());
  if (order == "GET log") return Response::json(200, statistics_.log());
  if (order == "GET calls") return Response::json(200, statistics_.calls());
  if (order == "GET faults") return Response::json(200, faults_.to_json());
  const Json done = Json::object();
  if (order == "POST reset-stats") {
    statistics_.reset();
    return Response::json(200, done);
  }
  if (order == "DELETE faults") {
    faults_.clear();
    return Response::json(200, done);
  }
  if (order == "DELETE locks") {
    locks_.clear();
    return Response::json(200, done);
  }
  if (order == "POST create-repo") {
    const Result<void> created = git_.create(request.parameter("name").value_or("repo"));
    return created ? Response::json(200, done) : Response::error(500, created.error().message());
  }
  if (order == "POST synthetic") {
    const auto size = parse_uint(request.parameter("size").value_or(""));
    const auto seed = parse_uint(request.parameter("seed").value_or("1"));
    if (!size || !seed) return Response::error(400, "size and seed are numbers");
    const ObjectId id = store_.add_synthetic(*size, *seed);
    return Response::json(200, {{"oid", id.oid.hex()}, {"size", id.size}});
  }
  const Result<std::string> text = body.text(kOrderBytesMax);
  const Result<Json> value = text ? parse_json(*text) : Result<Json>(text.error());
  if (!value) return Response::error(400, value.error().message());
  if (order == "POST config") return configure(*value);
  if (order == "POST faults") {
    const Result<void> added = faults_.add(*value);
    return added ? Response::json(200, done) : Response::error(400, added.error().message());
  }
  return Response::error(404, "no such order");
}

}  // namespace lazylfs::server
