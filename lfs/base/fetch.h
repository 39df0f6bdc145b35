// The vocabulary in which the cache asks for bytes and the transfer engine delivers them. It lies
// here because cache/ and lfs/transfer/ do not know each other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs {

// A lower value is served first.
enum class Priority : std::uint8_t { demand, read_ahead, prefetch };

// Receives the bytes of one fetch. Calls come from the fetching side's threads, one at a time and
// in this order: begin?, (data*, begin?)*, done. They must not block on the network.
class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  // The fetch turned out to cover `range` instead of what was asked for (a server that ignores
  // Range sends the whole object). Data then runs from range.offset.
  virtual void begin(ByteRange range) = 0;

  // The next bytes, at `offset`. Offsets only grow, but bytes that were delivered may come again
  // after a retry. An error stops the fetch, which then ends with that error.
  virtual Result<void> data(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  // Exactly once, last. Success means that every byte of the range was delivered.
  virtual void done(Result<void> result) = 0;
};

// A fetch under way. Destroying it cancels: the sink gets done(Errc::cancelled) unless it was done
// already, and no call reaches the sink after its done(). Thread-safe.
class Fetch {
 public:
  Fetch() = default;
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;
  virtual ~Fetch() = default;

  virtual void cancel() = 0;
  // A demand read now waits for what was only read ahead.
  virtual void raise(Priority priority) = 0;
};

}  // namespace lazylfs
