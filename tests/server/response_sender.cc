#include "tests/server/response_sender.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "tests/server/synthetic.h"

namespace lazylfs::server {
namespace {

constexpr std::uint64_t kCopiedPieceBytes = 256U << 10U;

std::string head_of(const Response& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_phrase(response.status);
  head += "\r\n";
  for (const auto& [name, value] : response.headers) head.append(name + ": " + value + "\r\n");
  if (response.delivery.chunked || std::holds_alternative<StreamedBody>(response.body)) {
    head += "Transfer-Encoding: chunked\r\n";
  } else {
    head += "Content-Length: " + std::to_string(body_bytes(response.body)) + "\r\n";
  }
  return head + "\r\n";
}

// The range of the object that `body` sends.
ByteRange object_range(const Body& body) {
  if (const auto* file = std::get_if<FileBody>(&body)) return file->range;
  if (const auto* made = std::get_if<SyntheticBody>(&body)) return made->range;
  return {.offset = 0, .length = body_bytes(body)};
}

// `into` = the object's bytes from `offset`.
Result<void> copy_bytes(const Body& body, std::uint64_t offset, std::span<std::byte> into) {
  if (const auto* text = std::get_if<std::string>(&body)) {
    const auto bytes = as_bytes(*text).subspan(static_cast<std::size_t>(offset), into.size());
    std::ranges::copy(bytes, into.begin());
  } else if (const auto* file = std::get_if<FileBody>(&body)) {
    if (TRY(pread_full(file->file.get(), into, offset)) != into.size()) {
      return Error(Errc::io, "the object's file is shorter than its size");
    }
  } else if (const auto* made = std::get_if<SyntheticBody>(&body)) {
    Synthetic(made->seed).read(offset, into);
  }
  return {};
}

}  // namespace

bool ResponseSender::send(const Response& response, bool head_only) {
  const Delivery& delivery = response.delivery;
  counter_ = response.counter;
  if (delivery.drop) {
    stream_.reset();
    return false;
  }
  const bool empty = head_only || (body_bytes(response.body) == 0 && !delivery.chunked &&
                                   !std::holds_alternative<StreamedBody>(response.body));
  if (!stream_.write(head_of(response), !empty)) return false;
  if (empty) return true;
  return send_body(response).has_value();
}

Result<void> ResponseSender::send_body(const Response& response) {
  if (const auto* streamed = std::get_if<StreamedBody>(&response.body)) {
    return send_streamed(*streamed);
  }
  const Piece piece = [&](std::uint64_t from, std::uint64_t length) {
    return send_piece(response, from, length);
  };
  TRY(send_known_length(body_bytes(response.body), response.delivery, piece));
  if (response.delivery.chunked) return stream_.write("0\r\n\r\n", false);
  return {};
}

// The body is cut at the positions where something happens, and into pieces in between.
Result<void> ResponseSender::send_known_length(std::uint64_t length, const Delivery& delivery,
                                               const Piece& piece) {
  constexpr std::uint64_t kNever = ~std::uint64_t{0};
  const std::uint64_t cut =
      std::min(delivery.truncate_after.value_or(kNever), delivery.reset_after.value_or(kNever));
  std::uint64_t stall_at = delivery.stall_after.value_or(kNever);
  while (true) {
    if (sent_ >= stall_at) {
      stall_at = kNever;
      TRY(stall(delivery.stall_ms));
    }
    if (sent_ >= cut) {
      if (delivery.reset_after) stream_.reset();
      return Error(Errc::cancelled, "cut as told");
    }
    if (sent_ >= length) return {};
    const std::uint64_t room = std::min({length, cut, stall_at}) - sent_;
    const std::uint64_t bytes = std::min(room, pacer_.piece_bytes());
    pacer_.wait_for(bytes);
    TRY(piece(sent_, bytes));
    count(bytes);
  }
}

Result<void> ResponseSender::send_piece(const Response& response, std::uint64_t from,
                                        std::uint64_t length) {
  const std::uint64_t object_offset = object_range(response.body).offset + from;
  const std::uint64_t bad = response.delivery.corrupt_at.value_or(~std::uint64_t{0});
  const bool corrupt = bad >= object_offset && bad < object_offset + length;
  const auto* file = std::get_if<FileBody>(&response.body);
  if (file != nullptr && !corrupt && !response.delivery.chunked) {
    return stream_.send_file(file->file.get(), object_offset, length);
  }
  std::vector<std::byte> copy(static_cast<std::size_t>(std::min(length, kCopiedPieceBytes)));
  for (std::uint64_t done = 0; done < length;) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(copy.size(), length - done));
    const std::span<std::byte> bytes = std::span(copy).first(wanted);
    TRY(copy_bytes(response.body, object_offset + done, bytes));
    const std::uint64_t at = object_offset + done;
    if (corrupt && bad >= at && bad < at + wanted) {
      bytes[static_cast<std::size_t>(bad - at)] ^= std::byte{0xff};
    }
    TRY(response.delivery.chunked ? write_chunk(bytes) : stream_.write(bytes, false));
    done += wanted;
  }
  return {};
}

Result<void> ResponseSender::write_chunk(std::span<const std::byte> data) {
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
  TRY(stream_.write(std::string_view(size.data()), true));
  TRY(stream_.write(data, true));
  return stream_.write("\r\n", false);
}

Result<void> ResponseSender::send_streamed(const StreamedBody& body) {
  TRY(body.produce([&](std::span<const std::byte> data) -> Result<void> {
    if (data.empty()) return {};
    pacer_.wait_for(data.size());
    TRY(write_chunk(data));
    count(data.size());
    return {};
  }));
  return stream_.write("0\r\n\r\n", false);
}

void ResponseSender::count(std::uint64_t bytes) {
  sent_ += bytes;
  if (counter_ != nullptr) counter_->fetch_add(bytes, std::memory_order_relaxed);
}

// A stalled connection whose peer has left ends at once, so that tests need not wait for it.
Result<void> ResponseSender::stall(std::uint64_t milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (std::chrono::steady_clock::now() < end) {
    if (stream_.peer_gone()) return Error(Errc::io, "the peer left while it was stalled");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

}  // namespace lazylfs::server
