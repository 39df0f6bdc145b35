#include "cli/options.h"

#include <algorithm>

#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

constexpr Option kHelp{.name = "help", .letter = 'h', .help = "Show this help."};

const Option* find_by_name(std::span<const Option> options, std::string_view name) {
  if (name == kHelp.name) return &kHelp;
  const auto found = std::ranges::find(options, name, &Option::name);
  return found == options.end() ? nullptr : &*found;
}

const Option* find_by_letter(std::span<const Option> options, char letter) {
  const auto found = std::ranges::find(options, letter, &Option::letter);
  if (found != options.end()) return &*found;
  return letter == kHelp.letter ? &kHelp : nullptr;
}

// "-r, --remote", as messages name an option.
std::string spelled(const Option& option) {
  const std::string name = "--" + std::string(option.name);
  return option.letter == '\0' ? name : std::string{'-', option.letter} + ", " + name;
}

std::optional<bool> parse_switch(std::string_view value) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (value == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (value == no) return false;
  }
  return std::nullopt;
}

Result<void> check_value(const Option& option, const std::string& value) {
  std::string why;
  if (option.value_name.empty()) {
    if (parse_switch(value)) return {};
    why = "strconv.ParseBool: parsing " + go_quoted(value) + ": invalid syntax";
  } else if (option.choices.empty() || std::ranges::count(split(option.choices, '|'), value) > 0) {
    return {};
  } else {
    why = "must be one of " + std::string(option.choices);
  }
  return Error(Errc::invalid, "invalid argument " + go_quoted(value) + " for \"" + spelled(option) +
                                  "\" flag: " + why);
}

// The words not yet read.
class Words {
 public:
  explicit Words(std::span<const std::string> words) : rest_(words) {}
  bool empty() const { return rest_.empty(); }
  const std::string& take() {
    const std::string& word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }
  std::span<const std::string> rest() const { return rest_; }

 private:
  std::span<const std::string> rest_;
};

struct Setting {
  const Option* option = nullptr;
  std::string value;
};

Result<Setting> parse_long(std::span<const Option> options, std::string_view word, Words& words) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(2, equals == word.npos ? word.npos : equals - 2);
  const Option* option = find_by_name(options, name);
  if (option == nullptr) return Error(Errc::invalid, "unknown flag: --" + std::string(name));
  if (equals != std::string_view::npos) {
    return Setting{option, std::string(word.substr(equals + 1))};
  }
  if (option->value_name.empty()) return Setting{option, "true"};
  if (words.empty()) {
    return Error(Errc::invalid, "flag needs an argument: --" + std::string(name));
  }
  return Setting{option, words.take()};
}

// One word may hold several switches, and a value after the last letter.
Result<std::vector<Setting>> parse_letters(std::span<const Option> options, std::string_view word,
                                           Words& words) {
  std::vector<Setting> settings;
  for (std::size_t i = 1; i < word.size(); ++i) {
    const Option* option = find_by_letter(options, word[i]);
    const std::string quoted = std::string{'\'', word[i], '\''} + " in -";
    if (option == nullptr) {
      return Error(Errc::invalid,
                   "unknown shorthand flag: " + quoted + std::string(word.substr(i)));
    }
    if (option->value_name.empty() && i + 2 < word.size() && word[i + 1] == '=') {
      settings.push_back({option, std::string(word.substr(i + 2))});
      break;
    }
    if (option->value_name.empty()) {
      settings.push_back({option, "true"});
      continue;
    }
    std::string_view value = word.substr(i + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    if (value.empty() && words.empty()) {
      return Error(Errc::invalid, "flag needs an argument: " + quoted + word[i]);
    }
    settings.push_back({option, value.empty() ? words.take() : std::string(value)});
    break;
  }
  return settings;
}

}  // namespace

bool Arguments::is_set(std::string_view option) const {
  const auto given = value(option);
  return given && parse_switch(*given).value_or(false);
}

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = values_.find(option);
  if (found == values_.end()) return std::nullopt;
  return found->second.back();
}

std::string Arguments::value_or(std::string_view option, std::string_view fallback) const {
  return value(option).value_or(std::string(fallback));
}

std::vector<std::string> Arguments::values(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

Result<Arguments> parse_options(std::span<const Option> options,
                                std::span<const std::string> words) {
  Arguments parsed;
  Words left(words);
  while (!left.empty()) {
    const std::string& word = left.take();
    std::vector<Setting> settings;
    if (word == "--") {
      parsed.positional.insert(parsed.positional.end(), left.rest().begin(), left.rest().end());
      return parsed;
    }
    if (word.starts_with("--")) {
      settings.push_back(TRY(parse_long(options, word, left)));
    } else if (word.size() > 1 && word[0] == '-') {
      settings = TRY(parse_letters(options, word, left));
    } else {
      parsed.positional.push_back(word);
    }
    for (Setting& setting : settings) {
      TRY(check_value(*setting.option, setting.value));
      parsed.values_[std::string(setting.option->name)].push_back(std::move(setting.value));
    }
  }
  return parsed;
}

}  // namespace lazylfs::cli
