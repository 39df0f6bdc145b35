#include "tests/server/connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "lfs/base/text.h"
#include "tests/server/response_sender.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kHeadBytesMax = 64U << 10U;
constexpr std::size_t kReadBytes = 64U << 10U;

std::string_view as_text(std::span<const std::byte> bytes) {
  const void* data = bytes.data();
  return {static_cast<const char*>(data), bytes.size()};
}

// The bytes that were received but not yet understood.
class Input {
 public:
  explicit Input(Stream& stream) : stream_(stream) {}

  // False when the peer has closed.
  Result<bool> fill() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0 && end_ == buffer_.size()) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) return Error(Errc::invalid, "a line is too long");
    const std::size_t got = TRY(stream_.read(std::span(buffer_).subspan(end_)));
    end_ += got;
    return got > 0;
  }

  std::span<const std::byte> pending() const {
    return std::span(buffer_).subspan(begin_, end_ - begin_);
  }
  void consume(std::size_t bytes) { begin_ += bytes; }

  // The text before `end_mark`, which is consumed as well. Nothing when the peer closed first.
  Result<std::optional<std::string>> until(std::string_view end_mark) {
    while (true) {
      const std::string_view text = as_text(pending());
      if (const std::size_t at = text.find(end_mark); at != std::string_view::npos) {
        std::string found(text.substr(0, at));
        consume(at + end_mark.size());
        return std::optional(std::move(found));
      }
      if (!TRY(fill())) return std::optional<std::string>();
    }
  }

  Stream& stream() { return stream_; }

 private:
  Stream& stream_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kHeadBytesMax + kReadBytes);
  std::size_t begin_ = 0, end_ = 0;
};

class ConnectionBody final : public RequestBody {
 public:
  ConnectionBody(Input& input, const HttpRequest& request) : input_(input) {
    chunked_ = equals_ignoring_case(request.header("Transfer-Encoding"), "chunked");
    length_ = parse_uint(request.header("Content-Length")).value_or(0);
    expects_continue_ = equals_ignoring_case(request.header("Expect"), "100-continue");
  }

  Result<void> read_all(
      const std::function<Result<void>(std::span<const std::byte>)>& take) override {
    if (finished_) return {};
    finished_ = true;  // also after a failure: there is no way to continue
    if (expects_continue_) TRY(input_.stream().write("HTTP/1.1 100 Continue\r\n\r\n", false));
    if (!chunked_) return pass_on(length_, take);
    while (true) {
      const std::uint64_t length = TRY(chunk_length());
      TRY(pass_on(length, take));
      const auto line_end = TRY(input_.until("\r\n"));
      if (!line_end) return Error(Errc::io, "the request body ended early");
      if (length == 0) return {};
    }
  }

  // False when the rest of the body makes the connection useless.
  bool finish() {
    if (finished_) return !failed_;
    if (expects_continue_) return length_ == 0 && !chunked_;  // the peer sends no body then
    return read_all([](std::span<const std::byte>) { return Result<void>(); }).has_value();
  }

 private:
  Result<std::uint64_t> chunk_length() {
    const auto line = TRY(input_.until("\r\n"));
    if (!line) return Error(Errc::io, "the request body ended early");
    std::uint64_t length = 0;
    const auto parsed = std::from_chars(line->data(), line->data() + line->size(), length, 16);
    if (parsed.ec != std::errc()) return Error(Errc::invalid, "malformed chunk");
    return length;
  }

  Result<void> pass_on(std::uint64_t length,
                       const std::function<Result<void>(std::span<const std::byte>)>& take) {
    failed_ = true;
    while (length > 0) {
      if (input_.pending().empty() && !TRY(input_.fill())) {
        return Error(Errc::io, "the request body ended early");
      }
      const std::span<const std::byte> piece = input_.pending().first(
          static_cast<std::size_t>(std::min<std::uint64_t>(length, input_.pending().size())));
      TRY(take(piece));
      input_.consume(piece.size());
      length -= piece.size();
    }
    failed_ = false;
    return {};
  }

  Input& input_;
  bool chunked_ = false;
  bool expects_continue_ = false;
  bool finished_ = false;
  bool failed_ = false;
  std::uint64_t length_ = 0;
};

// Serves one request; false when the connection is over.
Result<bool> serve_request(Input& input, std::uint16_t port, Handler& handler, Pacer& pacer) {
  const std::optional<std::string> head = TRY(input.until("\r\n\r\n"));
  if (!head) return false;
  Result<HttpRequest> request = parse_request_head(*head);
  if (!request) {
    ResponseSender(input.stream(), pacer).send(Response::error(400, "malformed request"), false);
    return false;
  }
  request->port = port;
  ConnectionBody body(input, *request);
  Response response = handler.handle(*request, body);
  ResponseSender sender(input.stream(), pacer);
  const bool reusable =
      body.finish() && !equals_ignoring_case(request->header("Connection"), "close");
  if (!reusable) response.set_header("Connection", "close");
  const bool sent = sender.send(response, request->method == "HEAD");
  handler.delivered(*request, {response.status, sender.body_bytes_sent()});
  return sent && reusable;
}

}  // namespace

void serve_connection(Stream& stream, std::uint16_t port, Handler& handler,
                      const std::atomic<std::uint64_t>& bytes_per_second) {
  Input input(stream);
  Pacer pacer(bytes_per_second);
  while (serve_request(input, port, handler, pacer).value_or(false)) {
  }
}

}  // namespace lazylfs::server
