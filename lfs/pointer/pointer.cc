// The reader accepts what upstream's accepts and no more. Lines are "key value"; the keys come in
// the order version, oid, size, with extension lines anywhere before size; blank lines, CRLF and
// white space around the whole are ignored. What follows a version line that we know is a pointer,
// so a mistake after it is Errc::corrupt; before it, the text is somebody's ordinary content.
#include "lfs/pointer/pointer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kLatestVersion = "https://git-lfs.github.com/spec/v1";
constexpr std::array<std::string_view, 3> kKnownVersions = {
    kLatestVersion, "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"};
constexpr std::string_view kHashPrefix = "sha256:";

bool is_known_version(std::string_view url) {
  return std::find(kKnownVersions.begin(), kKnownVersions.end(), url) != kKnownVersions.end();
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "ext-<digit>-<name>", where the name starts with a letter, a digit or '_'.
bool is_extension_key(std::string_view key) {
  return key.size() > 6 && key.starts_with("ext-") && key[4] >= '0' && key[4] <= '9' &&
         key[5] == '-' && is_word(key[6]);
}

Error corrupt(const std::string& text) { return {Errc::corrupt, "malformed pointer: " + text}; }

Error ordinary() { return {Errc::not_found, "not a pointer"}; }

Result<Oid> parse_hash(std::string_view value) {
  if (!value.starts_with(kHashPrefix)) return corrupt("the OID is not a SHA-256");
  const Result<Oid> oid = Oid::parse(value.substr(kHashPrefix.size()));
  return oid ? oid : corrupt(oid.error().message());
}

Result<std::uint64_t> parse_object_size(std::string_view value) {
  const auto size = parse_uint(value.starts_with('+') ? value.substr(1) : value);
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!size || *size > kMax) return corrupt("the size is no number from 0 to 2^63-1");
  return *size;
}

class Reader {
 public:
  // One line, without its line end.
  Result<void> line(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return fail("a line has no value");
    const std::string_view key = text.substr(0, space);
    const std::string_view value = text.substr(space + 1);
    if (next_ >= kKeys.size()) return fail("text after the size");
    if (key == kKeys.at(next_)) return expected_key(value);
    if (is_extension_key(key)) return extension(key, value);
    return fail("unexpected key");
  }

  Result<Pointer> finish() {
    if (next_ < kKeys.size()) return fail("a key is missing").error();
    for (const auto& [name, priority, value] : pending_) {
      // Not within the braces: a return from there would leak the copy of the name.
      const Oid oid = TRY(parse_hash(value));
      pointer_.extensions.push_back({priority, name, oid});
    }
    auto& list = pointer_.extensions;
    std::sort(list.begin(), list.end(), [](const PointerExtension& a, const PointerExtension& b) {
      return a.priority < b.priority;
    });
    const auto same = [](const PointerExtension& a, const PointerExtension& b) {
      return a.priority == b.priority;
    };
    if (std::adjacent_find(list.begin(), list.end(), same) != list.end()) {
      return corrupt("two extensions of one priority");
    }
    return std::move(pointer_);
  }

 private:
  static constexpr std::array<std::string_view, 3> kKeys = {"version", "oid", "size"};

  struct Pending {
    std::string name;
    int priority;
    std::string_view value;
  };

  Result<void> fail(const char* text) const { return next_ == 0 ? ordinary() : corrupt(text); }

  Result<void> expected_key(std::string_view value) {
    if (next_ == 0) {
      if (!is_known_version(value)) {
        return value.starts_with("https://git-lfs.github.com/spec/") ? corrupt("unknown version")
                                                                     : ordinary();
      }
      if (value != kLatestVersion) pointer_.version = value;
    } else if (next_ == 1) {
      pointer_.oid = TRY(parse_hash(value));
    } else {
      pointer_.size = TRY(parse_object_size(value));
    }
    ++next_;
    return {};
  }

  // Judged at the end: before the version line it may still be ordinary content.
  Result<void> extension(std::string_view key, std::string_view value) {
    pending_.push_back({std::string(key.substr(6)), key[4] - '0', value});
    return {};
  }

  Pointer pointer_;
  std::vector<Pending> pending_;
  std::size_t next_ = 0;  // of kKeys
};

}  // namespace

Result<Pointer> parse_pointer(std::string_view text) {
  if (text.empty()) {
    Pointer empty;
    empty.oid = TRY(Oid::parse("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    return empty;
  }
  if (text.size() >= kPointerBytesMax) return ordinary();
  std::string_view rest = trim(text);
  Reader reader;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) TRY(reader.line(line));
  }
  Pointer pointer = TRY(reader.finish());
  pointer.canonical = format_pointer(pointer) == text;
  return pointer;
}

std::string format_pointer(const Pointer& pointer) {
  if (pointer.size == 0) return "";
  std::string text = "version " + std::string(kLatestVersion) + "\n";
  for (const PointerExtension& extension : pointer.extensions) {
    text += "ext-" + std::to_string(extension.priority) + '-' + extension.name + ' ';
    text += std::string(kHashPrefix) + extension.oid.hex() + '\n';
  }
  text += "oid " + std::string(kHashPrefix) + pointer.oid.hex() + '\n';
  return text + "size " + std::to_string(pointer.size) + '\n';
}

}  // namespace lazylfs::lfs
