#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <random>

#include <time.h>

#include "lfs/api/client.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::int64_t kBaseDelayMs = 250;
constexpr std::int64_t kRetryAfterMax = 86400;

// "Sun, 06 Nov 1994 08:49:37 GMT", without the C library's locale.
std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::vector<std::string_view> words = split(trim(text), ' ');
  if (words.size() != 6 || words[2].size() != 3) return std::nullopt;
  const std::size_t month = kMonths.find(words[2]);
  const auto day = parse_int(words[1]);
  const auto year = parse_int(words[3]);
  const std::vector<std::string_view> clock = split(words[4], ':');
  if (month == std::string_view::npos || month % 3 != 0 || !day || !year || clock.size() != 3) {
    return std::nullopt;
  }
  const std::string iso_month = std::to_string(month / 3 + 1);
  const auto two = [](std::string_view digits) {
    return digits.size() < 2 ? "0" + std::string(digits) : std::string(digits);
  };
  return parse_time(std::string(words[3]) + "-" + two(iso_month) + "-" + two(words[1]) + "T" +
                    std::string(words[4]) + "Z");
}

}  // namespace

std::optional<std::int64_t> retry_after_seconds(const HttpHead& head) {
  const std::string_view value = trim(head.header("Retry-After"));
  if (value.empty()) return std::nullopt;
  std::optional<std::int64_t> seconds = parse_int(value);
  if (!seconds) {
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    seconds = *date - static_cast<std::int64_t>(std::time(nullptr));
  }
  return std::clamp<std::int64_t>(*seconds, 0, kRetryAfterMax);
}

std::chrono::milliseconds backoff_delay(int attempt, std::chrono::milliseconds cap) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int doublings = std::clamp(attempt - 1, 0, 20);
  const std::int64_t base =
      std::max<std::int64_t>(0, std::min<std::int64_t>(kBaseDelayMs << doublings, cap.count()));
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(base / 2, base)(random));
}

}  // namespace lazylfs::lfs
