// Git's glob patterns (gitattributes, gitignore), matched in time linear in pattern × text whatever
// the pattern: a repository may be hostile.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lazylfs::lfs {

// Whether wildcards match '/': `within_names` is git's pathname mode, in which only "**" does.
enum class Slashes { cross, within_names };

// Immutable. Bytes, not characters, as in git. Thread-safe.
class WildPattern {
 public:
  // `ignore_case` is for ASCII letters, as with core.ignorecase.
  WildPattern(std::string_view pattern, Slashes slashes, bool ignore_case = false);
  bool matches(std::string_view text) const;

 private:
  enum class Step : std::uint8_t {
    literal,  // one byte
    any,      // one byte that is not an excluded slash
    set,      // one byte out of sets_[index]
    star,     // any bytes but slashes
    globstar,
    folders_or_none,  // "**/": the step after the next, or the next
    folders,          // any bytes up to and with a slash
  };
  struct Token {
    Step step;
    std::uint8_t byte = 0;
    std::uint16_t index = 0;
  };

  std::size_t add_stars(std::string_view pattern, std::size_t at);
  std::size_t add_set(std::string_view pattern, std::size_t at);
  void reach(std::vector<std::uint8_t>& states, std::size_t state) const;
  void advance(std::size_t state, std::uint8_t byte, std::vector<std::uint8_t>& next) const;

  Slashes slashes_;
  bool ignore_case_;
  bool broken_ = false;  // git lets a malformed pattern match nothing
  std::vector<Token> tokens_;
  std::vector<std::bitset<256>> sets_;
};

}  // namespace lazylfs::lfs
