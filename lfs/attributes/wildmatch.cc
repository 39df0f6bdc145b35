// A pattern becomes a list of steps, and matching walks the text once with the set of steps that
// may come next (a nondeterministic automaton). Backtracking would be shorter, and exponential for
// patterns such as "*a*a*a*a*b".
#include "lfs/attributes/wildmatch.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lazylfs::lfs {

namespace {

struct NamedSet {
  std::string_view name;
  int (*contains)(int);
};
constexpr auto kNamedSets = std::to_array<NamedSet>({
    {"alnum", std::isalnum},
    {"alpha", std::isalpha},
    {"blank", std::isblank},
    {"cntrl", std::iscntrl},
    {"digit", std::isdigit},
    {"graph", std::isgraph},
    {"lower", std::islower},
    {"print", std::isprint},
    {"punct", std::ispunct},
    {"space", std::isspace},
    {"upper", std::isupper},
    {"xdigit", std::isxdigit},
});

// False when there is no set of that name.
bool add_named_set(std::string_view name, std::bitset<256>& set) {
  for (const NamedSet& known : kNamedSets) {
    if (known.name != name) continue;
    for (unsigned byte = 0; byte < 128; ++byte) {
      if (known.contains(static_cast<int>(byte)) != 0) set.set(byte);
    }
    return true;
  }
  return false;
}

// The inside of "[…]": reads items until the closing bracket.
class SetReader {
 public:
  SetReader(std::string_view pattern, std::size_t at) : pattern_(pattern), at_(at) {}

  // False when malformed.
  bool read(std::bitset<256>& set) {
    bool first = true;
    int previous = -1;  // the byte that a following '-' ranges from
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == ']' && !first) {
        ++at_;
        return true;
      }
      first = false;
      if (c == '-' && previous >= 0 && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        const int last = take_byte();
        if (last < 0) return false;
        for (int byte = previous; byte <= last; ++byte) set.set(static_cast<std::size_t>(byte));
        previous = -1;
      } else if (c == '[' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ':') {
        if (!take_named(set, previous)) return false;
      } else {
        previous = take_byte();
        if (previous < 0) return false;
        set.set(static_cast<std::size_t>(previous));
      }
    }
    return false;
  }
  std::size_t position() const { return at_; }

 private:
  int take_byte() {
    if (pattern_[at_] == '\\') ++at_;
    if (at_ >= pattern_.size()) return -1;
    return static_cast<std::uint8_t>(pattern_[at_++]);
  }

  bool take_named(std::bitset<256>& set, int& previous) {
    const std::size_t start = at_ + 2;
    const std::size_t close = pattern_.find(']', start);
    if (close == std::string_view::npos) return false;
    if (close == start || pattern_[close - 1] != ':') {  // "[[:x]": an ordinary '['
      set.set('[');
      previous = '[';
      ++at_;
      return true;
    }
    previous = -1;
    at_ = close + 1;
    return add_named_set(pattern_.substr(start, close - 1 - start), set);
  }

  std::string_view pattern_;
  std::size_t at_;
};

std::uint8_t folded(std::uint8_t byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<std::uint8_t>(byte + ('a' - 'A')) : byte;
}

// A letter that is in the set brings its other case along.
void fold_set(std::bitset<256>& set) {
  for (std::size_t upper = 'A'; upper <= 'Z'; ++upper) {
    const std::size_t lower = upper + ('a' - 'A');
    const bool both = set.test(upper) || set.test(lower);
    set.set(upper, both);
    set.set(lower, both);
  }
}

}  // namespace

WildPattern::WildPattern(std::string_view pattern, Slashes slashes, bool ignore_case)
    : slashes_(slashes), ignore_case_(ignore_case) {
  std::size_t at = 0;
  while (at < pattern.size() && !broken_) {
    switch (pattern[at]) {
      case '*':
        at = add_stars(pattern, at);
        break;
      case '?':
        tokens_.push_back({.step = Step::any});
        ++at;
        break;
      case '[':
        at = add_set(pattern, at);
        break;
      case '\\':
        ++at;
        if (at == pattern.size()) {
          broken_ = true;
          break;
        }
        [[fallthrough]];
      default: {
        const auto byte = static_cast<std::uint8_t>(pattern[at]);
        tokens_.push_back({.step = Step::literal, .byte = ignore_case_ ? folded(byte) : byte});
        ++at;
      }
    }
  }
}

std::size_t WildPattern::add_stars(std::string_view pattern, std::size_t at) {
  const bool starts_name = at == 0 || pattern[at - 1] == '/';
  std::size_t end = at;
  while (end < pattern.size() && pattern[end] == '*') ++end;
  const std::string_view rest = pattern.substr(end);
  const bool ends_name = rest.empty() || rest[0] == '/' || rest.starts_with("\\/");

  const bool is_whole_name = end - at >= 2 && starts_name && ends_name;
  if (slashes_ == Slashes::within_names && is_whole_name && rest.starts_with('/')) {
    tokens_.push_back({.step = Step::folders_or_none});
    tokens_.push_back({.step = Step::folders});
    return end + 1;
  }
  const bool crosses = slashes_ == Slashes::cross || is_whole_name;
  tokens_.push_back({.step = crosses ? Step::globstar : Step::star});
  return end;
}

std::size_t WildPattern::add_set(std::string_view pattern, std::size_t at) {
  ++at;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  std::bitset<256> set;
  SetReader reader(pattern, at);
  broken_ = !reader.read(set);
  if (ignore_case_) fold_set(set);
  if (negated) set.flip();
  if (slashes_ == Slashes::within_names) set.reset('/');
  tokens_.push_back({.step = Step::set, .index = static_cast<std::uint16_t>(sets_.size())});
  sets_.push_back(set);
  return reader.position();
}

// Adds `state` and the states that it leads to without reading a byte.
void WildPattern::reach(std::vector<std::uint8_t>& states, std::size_t state) const {
  while (states[state] == 0) {
    states[state] = 1;
    if (state == tokens_.size()) return;
    const Step step = tokens_[state].step;
    if (step == Step::folders_or_none) {
      states[state + 1] = 1;
      state += 2;
    } else if (step == Step::star || step == Step::globstar) {
      ++state;
    } else {
      return;
    }
  }
}

void WildPattern::advance(std::size_t state, std::uint8_t byte,
                          std::vector<std::uint8_t>& next) const {
  const Token& token = tokens_[state];
  switch (token.step) {
    case Step::literal:
      if ((ignore_case_ ? folded(byte) : byte) == token.byte) reach(next, state + 1);
      break;
    case Step::any:
      if (byte != '/' || slashes_ == Slashes::cross) reach(next, state + 1);
      break;
    case Step::set:
      if (sets_[token.index].test(byte)) reach(next, state + 1);
      break;
    case Step::star:
      if (byte != '/') reach(next, state);
      break;
    case Step::globstar:
      reach(next, state);
      break;
    case Step::folders_or_none:
      break;
    case Step::folders:
      if (byte == '/') reach(next, state + 1);
      next[state] = 1;
      break;
  }
}

bool WildPattern::matches(std::string_view text) const {
  if (broken_) return false;
  std::vector<std::uint8_t> states(tokens_.size() + 1);
  std::vector<std::uint8_t> next(tokens_.size() + 1);
  reach(states, 0);
  for (const char c : text) {
    std::fill(next.begin(), next.end(), std::uint8_t{0});
    for (std::size_t state = 0; state < tokens_.size(); ++state) {
      if (states[state] != 0) advance(state, static_cast<std::uint8_t>(c), next);
    }
    states.swap(next);
  }
  return states[tokens_.size()] != 0;
}

}  // namespace lazylfs::lfs
