// SHA-1, for the ids of Git objects and the checksums of packs. Git itself guards against forged
// collisions when it reads; what is hashed here is written by this program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lazylfs {

// Thread-compatible value.
class Sha1 {
 public:
  using Digest = std::array<std::uint8_t, 20>;

  Sha1();
  void update(std::span<const std::byte> data);
  // The digest of everything so far. The object can be updated further.
  Digest digest() const;

 private:
  struct alignas(8) Context {
    std::array<std::byte, 96> storage;  // holds a SHA_CTX; checked in the .cc
  };
  Context context_;
};

}  // namespace lazylfs
