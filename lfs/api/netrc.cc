#include "lfs/api/netrc.h"

#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kNetrcBytesMax = 1U << 20U;
constexpr std::string_view kSpace = " \t\r\n";

// The next word, unquoted; empty at the end.
std::string take_word(std::string_view& rest) {
  const std::size_t start = rest.find_first_not_of(kSpace);
  if (start == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(start);
  if (!rest.starts_with('"')) {
    const std::size_t length = std::min(rest.find_first_of(kSpace), rest.size());
    std::string word(rest.substr(0, length));
    rest.remove_prefix(length);
    return word;
  }
  std::string word;
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
    word += rest.front();
    rest.remove_prefix(1);
  }
  if (!rest.empty()) rest.remove_prefix(1);
  return word;
}

void skip_macro(std::string_view& rest) {
  const std::size_t end = rest.find("\n\n");
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
}

}  // namespace

std::optional<NetrcLogin> find_netrc_login(std::string_view text, std::string_view host) {
  std::optional<NetrcLogin> fallback;
  std::optional<NetrcLogin> found;
  std::optional<NetrcLogin>* current = nullptr;
  std::optional<NetrcLogin> other;
  while (true) {
    const std::string word = take_word(text);
    if (word.empty()) break;
    if (word == "machine" || word == "default") {
      if (found) break;
      const bool matches = word == "machine" && equals_ignoring_case(take_word(text), host);
      current = matches ? &found : &other;
      if (word == "default" && !fallback) current = &fallback;
      *current = NetrcLogin{};
    } else if (word == "macdef") {
      skip_macro(text);
    } else if (word.starts_with('#')) {
      take_until(text, '\n');
    } else {
      std::string value = take_word(text);
      if (current != nullptr && word == "login") (*current)->login = std::move(value);
      if (current != nullptr && word == "password") (*current)->password = std::move(value);
    }
  }
  return found ? found : fallback;
}

std::optional<NetrcLogin> find_netrc_login(std::string_view host) {
  const std::string home = env_or_empty("HOME");
  if (home.empty()) return std::nullopt;
  const Result<std::string> text = read_file(home + "/.netrc", kNetrcBytesMax);
  return text ? find_netrc_login(*text, host) : std::nullopt;
}

}  // namespace lazylfs::lfs
