// The command line of one command, read by its table of options.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"

namespace lazylfs::cli {

// One row of a command's option table; all help, manual pages and completions come from it.
struct Option {
  std::string_view name;          // "ref", given as --ref
  char letter = '\0';             // 'r' for -r; none when 0
  std::string_view value_name{};  // "<ref>"; empty for a switch
  std::string_view help{};        // one sentence
  std::string_view choices{};     // "auto|off": the only values allowed; empty: any
  bool hidden = false;            // understood, but shown nowhere
};

// What a command line said. Value.
class Arguments {
 public:
  bool has(std::string_view option) const { return values_.contains(option); }
  // True when a switch was given and not as --name=false.
  bool is_set(std::string_view option) const;
  // The last value of a repeated option.
  std::optional<std::string> value(std::string_view option) const;
  std::string value_or(std::string_view option, std::string_view fallback) const;
  std::vector<std::string> values(std::string_view option) const;

  std::vector<std::string> positional;

 private:
  friend Result<Arguments> parse_options(std::span<const Option> options,
                                         std::span<const std::string> words);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// Understands --name, --name=value, --name value, -n, -nvalue, -n value, -ab for switches, and "--"
// after which everything is positional. Options and positional words may be mixed; --help and -h
// are known to every command. Errc::invalid in the words that git-lfs uses ("unknown flag: --x").
Result<Arguments> parse_options(std::span<const Option> options,
                                std::span<const std::string> words);

}  // namespace lazylfs::cli
