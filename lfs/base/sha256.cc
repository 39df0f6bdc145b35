// The low-level functions are deprecated in favour of EVP, which cannot export a state (see the
// header); they are part of OpenSSL 3's stable ABI.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lfs/base/sha256.h"

#include <cassert>
#include <memory>
#include <new>

#include <openssl/sha.h>

#include "lfs/base/fd.h"

namespace lazylfs {
namespace {

constexpr std::uint64_t kCompressionBlock = 64;
constexpr std::size_t kFileBufferBytes = 256U << 10U;

}  // namespace

static SHA256_CTX* raw(std::array<std::byte, 112>& storage) {
  static_assert(sizeof(SHA256_CTX) <= sizeof storage && alignof(SHA256_CTX) <= 8);
  return std::launder(reinterpret_cast<SHA256_CTX*>(storage.data()));
}

Sha256::Sha256() : context_() {
  ::new (context_.storage.data()) SHA256_CTX;
  SHA256_Init(raw(context_.storage));
}

Sha256::Sha256(const State& state, std::uint64_t bytes_hashed) : Sha256() {
  assert(bytes_hashed % kCompressionBlock == 0);
  SHA256_CTX* context = raw(context_.storage);
  for (std::size_t i = 0; i < 8; ++i) {
    context->h[i] = static_cast<SHA_LONG>(state[4 * i] << 24U | state[4 * i + 1] << 16U |
                                          state[4 * i + 2] << 8U | state[4 * i + 3]);
  }
  const std::uint64_t bits = bytes_hashed * 8;
  context->Nl = static_cast<SHA_LONG>(bits);
  context->Nh = static_cast<SHA_LONG>(bits >> 32U);
  bytes_hashed_ = bytes_hashed;
}

void Sha256::update(std::span<const std::byte> data) {
  SHA256_Update(raw(context_.storage), data.data(), data.size());
  bytes_hashed_ += data.size();
}

Sha256::State Sha256::state() const {
  assert(bytes_hashed_ % kCompressionBlock == 0);
  Context copy = context_;
  const SHA256_CTX* context = raw(copy.storage);
  State state{};
  for (std::size_t i = 0; i < 8; ++i) {
    const SHA_LONG word = context->h[i];
    state[4 * i] = static_cast<std::uint8_t>(word >> 24U);
    state[4 * i + 1] = static_cast<std::uint8_t>(word >> 16U);
    state[4 * i + 2] = static_cast<std::uint8_t>(word >> 8U);
    state[4 * i + 3] = static_cast<std::uint8_t>(word);
  }
  return state;
}

Oid Sha256::digest() const {
  Context copy = context_;
  std::array<std::uint8_t, Oid::kBytes> bytes{};
  SHA256_Final(bytes.data(), raw(copy.storage));
  return Oid(bytes);
}

Oid Sha256::of(std::span<const std::byte> data) {
  Sha256 hasher;
  hasher.update(data);
  return hasher.digest();
}

Oid Sha256::of(std::string_view text) {
  return of(std::as_bytes(std::span(text.data(), text.size())));
}

Result<ObjectId> hash_to_end(int fd, int into) {
  // Not set to zero: most files are far smaller, and the pages they leave untouched cost nothing.
  const auto room = std::make_unique_for_overwrite<std::byte[]>(kFileBufferBytes);
  Sha256 hasher;
  while (true) {
    const std::span<std::byte> buffer(room.get(), kFileBufferBytes);
    const std::size_t got = TRY(read_full(fd, buffer));
    hasher.update(buffer.first(got));
    if (into >= 0) TRY(write_all(into, buffer.first(got)));
    if (got < kFileBufferBytes) return ObjectId{hasher.digest(), hasher.bytes_hashed()};
  }
}

}  // namespace lazylfs
