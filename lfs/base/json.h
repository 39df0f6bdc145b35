// nlohmann/json used without exceptions: a parser that bounds its input, and typed getters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lfs/base/result.h"

namespace lazylfs {

using Json = nlohmann::ordered_json;  // keeps the key order that scripts may rely on

// Errc::corrupt when `text` is no JSON or nests deeper than `depth_max`.
Result<Json> parse_json(std::string_view text, int depth_max = 32);

// One line; bytes that are not UTF-8 are replaced, never thrown over.
std::string dump_json(const Json& value, int indent = -1);

// The member of object `value`, or nothing when it is absent, null or of another type.
std::optional<std::string> json_string(const Json& value, const char* key);
std::optional<std::int64_t> json_int(const Json& value, const char* key);
std::optional<bool> json_bool(const Json& value, const char* key);
// The object or array there, or nullptr.
const Json* json_object(const Json& value, const char* key);
const Json* json_array(const Json& value, const char* key);

}  // namespace lazylfs
