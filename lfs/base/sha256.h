// SHA-256 whose state can be saved and continued.
//
// The EVP interface of OpenSSL 3 has no way to save a digest's state, so this uses the low-level
// SHA256_* functions, which run the same assembly (SHA-NI where the CPU has it). A saved state at a
// multiple of 64 bytes is 32 bytes; the states at block boundaries also serve as a ledger: a block
// is genuine exactly when hashing it from the state before it gives the state after it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lfs/base/oid.h"

namespace lazylfs {

// Thread-compatible value.
class Sha256 {
 public:
  // The eight words of the compression state, as big-endian bytes.
  using State = std::array<std::uint8_t, 32>;

  Sha256();
  // Continues after `bytes_hashed` bytes, which must be a multiple of 64.
  Sha256(const State& state, std::uint64_t bytes_hashed);

  void update(std::span<const std::byte> data);
  std::uint64_t bytes_hashed() const { return bytes_hashed_; }

  // The state now; only when bytes_hashed() is a multiple of 64.
  State state() const;

  // The digest of everything so far. The object can be updated further.
  Oid digest() const;

  static Oid of(std::span<const std::byte> data);
  static Oid of(std::string_view text);

 private:
  struct alignas(8) Context {
    std::array<std::byte, 112> storage;  // holds a SHA256_CTX; checked in the .cc
  };
  Context context_;
  std::uint64_t bytes_hashed_ = 0;
};

// Hashes what is left to read of `fd`; with `into`, writes it there as well (both from where they
// stand). The digest, and how many bytes there were.
Result<ObjectId> hash_to_end(int fd, int into = -1);

}  // namespace lazylfs
