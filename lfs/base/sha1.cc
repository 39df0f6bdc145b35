// The low-level functions for the same reason as in sha256.cc: they need nothing else of libcrypto.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lfs/base/sha1.h"

#include <new>

#include <openssl/sha.h>

namespace lazylfs {

static SHA_CTX* raw(std::array<std::byte, 96>& storage) {
  static_assert(sizeof(SHA_CTX) <= sizeof storage && alignof(SHA_CTX) <= 8);
  return std::launder(reinterpret_cast<SHA_CTX*>(storage.data()));
}

Sha1::Sha1() : context_() {
  ::new (context_.storage.data()) SHA_CTX;
  SHA1_Init(raw(context_.storage));
}

void Sha1::update(std::span<const std::byte> data) {
  SHA1_Update(raw(context_.storage), data.data(), data.size());
}

Sha1::Digest Sha1::digest() const {
  Context copy = context_;
  Digest digest{};
  SHA1_Final(digest.data(), raw(copy.storage));
  return digest;
}

}  // namespace lazylfs
