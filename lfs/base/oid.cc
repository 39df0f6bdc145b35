#include "lfs/base/oid.h"

namespace lazylfs {
namespace {

// -1 unless `digit` is a lower-case hexadecimal digit.
int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

Result<Oid> Oid::parse(std::string_view hex) {
  if (hex.size() != kHexLength) return Error(Errc::invalid, "an OID has 64 hexadecimal digits");
  std::array<std::uint8_t, kBytes> bytes{};
  for (std::size_t i = 0; i < kBytes; ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return Error(Errc::invalid, "an OID has 64 hexadecimal digits");
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Oid(bytes);
}

std::string Oid::hex() const { return to_hex(bytes_.data(), bytes_.size()); }

std::string to_hex(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 15U];
  }
  return text;
}

}  // namespace lazylfs
