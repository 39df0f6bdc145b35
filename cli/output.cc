#include "cli/output.h"

#include <algorithm>

namespace lazylfs::cli {
namespace {

// Code points, which is what a terminal's columns mostly are.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void print_json(std::ostream& out, const Json& value) { out << dump_json(value, 1) << '\n'; }

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out << '\n';
  }
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

std::string printable(std::string_view path) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::none_of(path, is_control)) return std::string(path);
  constexpr std::string_view kOctal = "01234567";
  std::string text = "\"";
  for (const char c : path) {
    if (!is_control(c)) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
      continue;
    }
    const auto value = static_cast<unsigned>(static_cast<unsigned char>(c));
    text += '\\';
    text += kOctal[(value >> 6U) & 7U];
    text += kOctal[(value >> 3U) & 7U];
    text += kOctal[value & 7U];
  }
  return text + '"';
}

void ProgressLine::update(std::string_view text) {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds(200)) return;
  err_ << "\r\x1b[K" << text << std::flush;
  last_ = now;
  drawn_ = true;
}

void ProgressLine::clear() {
  if (drawn_) err_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace lazylfs::cli
