#include "lfs/attributes/attribute_line.h"

#include <algorithm>
#include <utility>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kEscapeLetters = "abfnrtv\\\"";
constexpr std::string_view kEscapedBytes = "\a\b\f\n\r\t\v\\\"";
constexpr std::string_view kMacroPrefix = "[attr]";

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(kBlanks), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

void skip_blanks(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// The byte that the escape at the start of `rest` (after its backslash) stands for.
std::optional<char> take_escape(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  if (const std::size_t at = kEscapeLetters.find(rest[0]); at != std::string_view::npos) {
    rest.remove_prefix(1);
    return kEscapedBytes[at];
  }
  if (rest.size() < 3 || rest[0] > '3' || !is_octal(rest[0]) || !is_octal(rest[1]) ||
      !is_octal(rest[2])) {
    return std::nullopt;
  }
  const int value = (rest[0] - '0') * 64 + (rest[1] - '0') * 8 + (rest[2] - '0');
  rest.remove_prefix(3);
  return static_cast<char>(value);
}

// A C-quoted pattern at the start of `rest`; nothing, and `rest` unchanged, when badly quoted.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string_view left = rest.substr(1);
  std::string text;
  while (!left.empty()) {
    const char c = left[0];
    left.remove_prefix(1);
    if (c == '"') {
      rest = left;
      return text;
    }
    if (c != '\\') {
      text.push_back(c);
      continue;
    }
    const std::optional<char> escaped = take_escape(left);
    if (!escaped) return std::nullopt;
    text.push_back(*escaped);
  }
  return std::nullopt;
}

bool is_attribute_name(std::string_view name) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !name.empty() && name[0] != '-' && std::ranges::all_of(name, is_legal);
}

std::optional<AttributeState> parse_state(std::string_view word) {
  AttributeState state;
  const bool negated = word.starts_with('-') || word.starts_with('!');
  if (negated) {
    state.kind = word[0] == '-' ? AttributeState::Kind::unset : AttributeState::Kind::unspecified;
    word.remove_prefix(1);
  }
  const std::size_t equals = std::min(word.find('='), word.size());
  state.name = word.substr(0, equals);
  if (equals < word.size() && !negated) {
    state.kind = AttributeState::Kind::value;
    state.value = word.substr(equals + 1);
  }
  if (!is_attribute_name(state.name)) return std::nullopt;
  return state;
}

}  // namespace

std::optional<AttributeLine> AttributeLine::parse(std::string_view text) {
  skip_blanks(text);
  if (text.empty() || text[0] == '#' || text.size() >= kAttributeLineBytesIgnored)
    return std::nullopt;

  AttributeLine line;
  std::optional<std::string> quoted;
  if (text[0] == '"') quoted = take_quoted(text);
  line.pattern = quoted ? std::move(*quoted) : std::string(take_word(text));
  if (line.pattern.size() > kMacroPrefix.size() && line.pattern.starts_with(kMacroPrefix)) {
    line.is_macro = true;
    line.pattern.erase(0, kMacroPrefix.size());
    if (!is_attribute_name(line.pattern)) return std::nullopt;
  }
  for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
    std::optional<AttributeState> state = parse_state(take_word(text));
    if (!state) return std::nullopt;
    line.states.push_back(std::move(*state));
  }
  return line;
}

std::string_view attributes_text(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text.substr(0, text.find('\0'));
}

}  // namespace lazylfs::lfs
