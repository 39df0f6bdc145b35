#include "cli/go_json.h"

#include <array>
#include <string_view>
#include <utility>

namespace lazylfs::cli {

std::string go_json(const Json& value, int indent) {
  constexpr auto kEscapes = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"<", "\\u003c"},
      {">", "\\u003e"},
      {"&", "\\u0026"},
      {"\xe2\x80\xa8", "\\u2028"},
      {"\xe2\x80\xa9", "\\u2029"},
  });
  // These characters occur only within strings.
  const std::string text = dump_json(value, indent);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    bool escaped = false;
    for (const auto& [from, to] : kEscapes) {
      if (text.compare(i, from.size(), from) != 0) continue;
      result += to;
      i += from.size();
      escaped = true;
      break;
    }
    if (!escaped) result += text[i++];
  }
  return result;
}

}  // namespace lazylfs::cli
