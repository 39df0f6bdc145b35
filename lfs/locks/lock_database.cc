#include "lfs/locks/lock_database.h"

#include <algorithm>
#include <limits>
#include <map>

#include "lfs/base/text.h"

// Upstream keeps its locks as two values in Go's "gob" encoding: an integer (the version), and a
// map from text to interface, in which each lock stands twice: under its path, and under
// "*id*://<id>". A gob stream is a row of messages, each with its length in front. A message holds
// a type id, negative when it defines a type, and then the value. Integers are one byte below 128,
// else the complement of their length and the bytes, big-endian; signed ones have their sign in the
// lowest bit. Structures are pairs of (distance to the next field, value), ended by 0.
//
// Type definitions are the only part that depends on the writer's program. All writers number
// their types, so we read values by the shape that they must have and pass over the definitions;
// what does not fit is refused as a whole. We write the definitions that upstream writes. One
// detail is odd: a type that is first needed inside of the map is defined there and then, which
// ends the message; the rest of the map follows in a message of its own.
namespace lazylfs::lfs {
namespace {

constexpr std::string_view kIdPrefix = "*id*://";
constexpr std::string_view kLockType = "*locking.Lock";
constexpr std::int64_t kIntType = 2;
constexpr std::int64_t kSecondsFromYear1To1970 = 62135596800;
constexpr std::size_t kLocksMax = 1'000'000;

Error damaged() { return {Errc::corrupt, "the lock cache is damaged"}; }

// Reads values across the borders of messages.
class GobReader {
 public:
  explicit GobReader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return message_.empty() && rest_.empty(); }

  Result<std::uint64_t> take_unsigned() { return take_unsigned_from(message_); }

  Result<std::int64_t> take_signed() {
    const std::uint64_t bits = TRY(take_unsigned());
    const auto half = static_cast<std::int64_t>(bits >> 1U);
    return (bits & 1U) != 0 ? ~half : half;
  }

  Result<std::string_view> take_text() {
    const std::uint64_t length = TRY(take_unsigned());
    return take_bytes(length);
  }

  Result<std::string_view> take_bytes(std::uint64_t length) {
    if (length > message_.size()) return damaged();
    const std::string_view bytes = message_.substr(0, length);
    message_.remove_prefix(length);
    return bytes;
  }

  // The id of the type of the value that comes next; definitions before it are passed over.
  Result<std::int64_t> take_type() {
    for (;;) {
      if (message_.empty()) TRY(next_message());
      const std::int64_t type = TRY(take_signed());
      if (type >= 0) return type;
      message_ = {};
    }
  }

 private:
  static Result<std::uint64_t> take_unsigned_from(std::string_view& bytes) {
    if (bytes.empty()) return damaged();
    const auto first = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    if (first < 0x80) return std::uint64_t{first};
    const std::size_t length = 256U - first;
    if (length > 8 || length > bytes.size()) return damaged();
    std::uint64_t value = 0;
    for (const char c : bytes.substr(0, length))
      value = value << 8U | static_cast<unsigned char>(c);
    bytes.remove_prefix(length);
    return value;
  }

  Result<void> next_message() {
    const std::uint64_t length = TRY(take_unsigned_from(rest_));
    if (length == 0 || length > rest_.size()) return damaged();
    message_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return {};
  }

  std::string_view message_, rest_;
};

// Go's binary form of a time: version, seconds since year 1, nanoseconds, minutes east of UTC.
Result<std::string> read_time(std::string_view bytes) {
  if (bytes.size() < 15) return damaged();
  std::uint64_t seconds = 0;
  for (const char c : bytes.substr(1, 8)) seconds = seconds << 8U | static_cast<unsigned char>(c);
  constexpr std::uint64_t kYear10000 = 315537897600;
  if (seconds >= kYear10000) return damaged();
  return format_time(static_cast<std::int64_t>(seconds) - kSecondsFromYear1To1970);
}

// Values of the fields of one structure; field numbers begin at 1.
Result<std::string> read_owner(GobReader& reader) {
  std::string name;
  for (std::uint64_t field = 0;;) {
    const std::uint64_t distance = TRY(reader.take_unsigned());
    if (distance == 0) return name;
    if ((field += distance) != 1) return damaged();
    name = std::string(TRY(reader.take_text()));
  }
}

Result<Lock> read_lock(GobReader& reader) {
  Lock lock;
  lock.locked_at = format_time(-kSecondsFromYear1To1970);
  for (std::uint64_t field = 0;;) {
    const std::uint64_t distance = TRY(reader.take_unsigned());
    if (distance == 0) return lock;
    if (distance > 4) return damaged();
    switch (field += distance) {
      case 1:
        lock.id = std::string(TRY(reader.take_text()));
        break;
      case 2:
        lock.path = std::string(TRY(reader.take_text()));
        break;
      case 3:
        lock.owner = TRY(read_owner(reader));
        break;
      case 4: {
        const std::string_view bytes = TRY(reader.take_text());
        lock.locked_at = TRY(read_time(bytes));
        break;
      }
      default:
        return damaged();
    }
  }
}

void put_unsigned(std::string& out, std::uint64_t value) {
  if (value < 0x80) {
    out += static_cast<char>(value);
    return;
  }
  std::string digits;
  for (; value != 0; value >>= 8U) digits.insert(digits.begin(), static_cast<char>(value & 0xffU));
  out += static_cast<char>(256 - digits.size());
  out += digits;
}

void put_signed(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  put_unsigned(out, value < 0 ? (~bits << 1U | 1U) : bits << 1U);
}

void put_text(std::string& out, std::string_view text) {
  put_unsigned(out, text.size());
  out += text;
}

std::string message(std::string_view body) {
  std::string out;
  put_text(out, body);
  return out;
}

// The types' numbers, and their definitions as upstream's program has them.
constexpr std::int64_t kMapType = 65, kLockTypeId = 66;
using namespace std::string_view_literals;
constexpr auto kMapDefinition = "\xff\x81\x04\x01\x02\xff\x82\x00\x01\x0c\x01\x10\x00\x00"sv;
constexpr auto kLockDefinition =
    "\xff\x83\x03\x01\x01\x04Lock\x01\xff\x84\x00\x01\x04\x01\x02Id\x01\x0c\x00\x01\x04Path\x01\x0c"
    "\x00\x01\x05Owner\x01\xff\x86\x00\x01\x08LockedAt\x01\xff\x88\x00\x00\x00"sv;
constexpr auto kUserDefinition =
    "\xff\x85\x03\x01\x01\x04User\x01\xff\x86\x00\x01\x01\x01\x04Name\x01\x0c\x00\x00\x00"sv;
constexpr auto kTimeDefinition = "\xff\x87\x05\x01\x01\x04Time\x01\xff\x88\x00\x00\x00"sv;

std::string encode_time(const std::string& text) {
  const std::int64_t unix_seconds = parse_time(text).value_or(-kSecondsFromYear1To1970);
  auto seconds = static_cast<std::uint64_t>(unix_seconds + kSecondsFromYear1To1970);
  std::string out(15, '\0');
  out[0] = 1;
  for (std::size_t i = 8; i >= 1; --i, seconds >>= 8U) out[i] = static_cast<char>(seconds & 0xffU);
  out[13] = out[14] = '\xff';  // UTC
  return out;
}

std::string encode_lock(const Lock& lock) {
  std::string out;
  int omitted = 0;
  // A field without a value is left out; the next one's distance grows.
  const auto begin_field = [&] { out += static_cast<char>(1 + std::exchange(omitted, 0)); };
  for (const std::string* text : {&lock.id, &lock.path}) {
    if (text->empty()) {
      ++omitted;
      continue;
    }
    begin_field();
    put_text(out, *text);
  }
  if (lock.owner.empty()) {
    ++omitted;
  } else {
    begin_field();
    out += '\x01';
    put_text(out, lock.owner);
    out += '\0';
  }
  begin_field();
  put_text(out, encode_time(lock.locked_at));
  out += '\0';
  return out;
}

}  // namespace

Result<LockDatabase> decode_lock_database(std::string_view bytes) {
  LockDatabase database;
  GobReader reader(bytes);
  if (TRY(reader.take_type()) != kIntType || TRY(reader.take_unsigned()) != 0) return damaged();
  database.version = TRY(reader.take_signed());
  TRY(reader.take_type());
  if (TRY(reader.take_unsigned()) != 0) return damaged();
  const std::uint64_t count = TRY(reader.take_unsigned());
  if (count > 2 * kLocksMax) return damaged();
  std::map<std::string, Lock> by_path;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key(TRY(reader.take_text()));
    const std::string_view type_name = TRY(reader.take_text());
    if (type_name.empty()) continue;  // no value
    if (!type_name.ends_with("locking.Lock")) return damaged();
    TRY(reader.take_type());
    TRY(reader.take_unsigned());  // the value's length
    Lock lock = TRY(read_lock(reader));
    if (!key.starts_with(kIdPrefix)) by_path[key] = std::move(lock);
  }
  if (!reader.at_end()) return damaged();
  for (auto& [path, lock] : by_path) database.locks.push_back(std::move(lock));
  return database;
}

std::string encode_lock_database(const LockDatabase& database) {
  std::string version;
  put_signed(version, kIntType);
  version += '\0';
  put_signed(version, database.version);
  std::string out = message(version) + message(kMapDefinition);

  std::string map;
  put_signed(map, kMapType);
  map += '\0';
  put_unsigned(map, 2 * database.locks.size());
  bool defined = false;
  for (const Lock& lock : database.locks) {
    const std::string value = encode_lock(lock);
    for (const std::string& key : {lock.path, std::string(kIdPrefix) + lock.id}) {
      put_text(map, key);
      put_text(map, kLockType);
      if (!std::exchange(defined, true)) {
        map += kLockDefinition;
        out += message(map) + message(kUserDefinition) + message(kTimeDefinition);
        map.clear();
      }
      put_signed(map, kLockTypeId);
      put_text(map, value);
    }
  }
  return out + message(map);
}

}  // namespace lazylfs::lfs
