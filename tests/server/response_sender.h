// Puts a response on the wire, at the connection's pace and with the faults of its Delivery.
#pragma once

#include "tests/server/http_message.h"
#include "tests/server/stream.h"

namespace lazylfs::server {

// For one response. Thread-compatible.
class ResponseSender {
 public:
  ResponseSender(Stream& stream, Pacer& pacer) : stream_(stream), pacer_(pacer) {}

  // False when the connection cannot be used for another response.
  bool send(const Response& response, bool head_only);
  std::uint64_t body_bytes_sent() const { return sent_; }

 private:
  // The bytes [from, from + length) of a body.
  using Piece = std::function<Result<void>(std::uint64_t from, std::uint64_t length)>;

  Result<void> send_body(const Response& response);
  Result<void> send_known_length(std::uint64_t length, const Delivery& delivery,
                                 const Piece& piece);
  Result<void> send_streamed(const StreamedBody& body);
  Result<void> write_chunk(std::span<const std::byte> data);
  // Sends one piece of the response's body, with a byte flipped if it is the one to corrupt.
  Result<void> send_piece(const Response& response, std::uint64_t from, std::uint64_t length);
  Result<void> stall(std::uint64_t milliseconds);
  void count(std::uint64_t bytes);

  Stream& stream_;
  Pacer& pacer_;
  std::uint64_t sent_ = 0;
  std::atomic<std::uint64_t>* counter_ = nullptr;
};

}  // namespace lazylfs::server
