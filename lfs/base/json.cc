#include "lfs/base/json.h"

#include <limits>

namespace lazylfs {
namespace {

// The parser recurses once a level, so depth is checked before it runs.
bool nests_deeper_than(std::string_view text, int depth_max) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

const Json* member(const Json& value, const char* key) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

}  // namespace

Result<Json> parse_json(std::string_view text, int depth_max) {
  if (nests_deeper_than(text, depth_max)) return Error(Errc::corrupt, "JSON nests too deeply");
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return Error(Errc::corrupt, "malformed JSON");
  return value;
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> json_string(const Json& value, const char* key) {
  const Json* found = member(value, key);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::int64_t> json_int(const Json& value, const char* key) {
  const Json* found = member(value, key);
  if (found == nullptr || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return found->get<std::int64_t>();
}

std::optional<bool> json_bool(const Json& value, const char* key) {
  const Json* found = member(value, key);
  if (found == nullptr || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

const Json* json_object(const Json& value, const char* key) {
  const Json* found = member(value, key);
  return found != nullptr && found->is_object() ? found : nullptr;
}

const Json* json_array(const Json& value, const char* key) {
  const Json* found = member(value, key);
  return found != nullptr && found->is_array() ? found : nullptr;
}

}  // namespace lazylfs
