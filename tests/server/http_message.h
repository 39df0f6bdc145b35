// HTTP/1.1 requests and responses as this server understands them: just enough, but exact.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/json.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string target;  // as sent
  std::string path;    // percent-decoded
  std::string query;   // as sent
  Headers headers;
  std::uint16_t port = 0;  // of the listener: says which origin was asked

  // The header's value, or empty. Names are compared without case.
  std::string_view header(std::string_view name) const;
  // The decoded value of a query parameter.
  std::optional<std::string> parameter(std::string_view name) const;
};

// Parses everything before the empty line. Errc::invalid when malformed.
Result<HttpRequest> parse_request_head(std::string_view head);

// The body of a request, of a known length, chunked, or none.
class RequestBody {
 public:
  RequestBody() = default;
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;
  virtual ~RequestBody() = default;

  // Hands over all that remains, in pieces.
  virtual Result<void> read_all(
      const std::function<Result<void>(std::span<const std::byte>)>& take) = 0;
  // Errc::invalid when longer than `bytes_max`.
  Result<std::string> text(std::size_t bytes_max);
};

struct FileBody {
  Fd file;
  ByteRange range;
};
// Content that is made up while it is sent (see synthetic.h).
struct SyntheticBody {
  std::uint64_t seed = 0;
  ByteRange range;
};
// Sent as it is produced, chunked: `produce` calls its argument with each piece.
struct StreamedBody {
  using Take = std::function<Result<void>(std::span<const std::byte>)>;
  std::function<Result<void>(const Take&)> produce;
};
using Body = std::variant<std::string, FileBody, SyntheticBody, StreamedBody>;

// How the bytes of a response go wrong on their way. Positions count this body's bytes, but
// corrupt_at counts the object's, so that any range that covers it is hit.
struct Delivery {
  std::optional<std::uint64_t> truncate_after;  // then an orderly close
  std::optional<std::uint64_t> reset_after;     // then a TCP reset
  std::optional<std::uint64_t> stall_after;     // then nothing for stall_ms
  std::uint64_t stall_ms = 0;
  std::optional<std::uint64_t> corrupt_at;
  bool chunked = false;  // no Content-Length
  bool drop = false;     // reset before the first byte of the response
};

struct Response {
  int status = 200;
  Headers headers;
  Body body;
  Delivery delivery;
  std::atomic<std::uint64_t>* counter = nullptr;  // grows as body bytes are sent

  static Response text(int status, std::string_view content_type, std::string body);
  static Response json(int status, const Json& value);
  // An LFS error body: {"message": …}.
  static Response lfs(int status, const Json& value);
  static Response error(int status, std::string_view message);
  void set_header(std::string name, std::string value);
};

std::uint64_t body_bytes(const Body& body);  // 0 for a streamed one
std::string_view reason_phrase(int status);

}  // namespace lazylfs::server
