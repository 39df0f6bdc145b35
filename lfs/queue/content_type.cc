// What http.DetectContentType of other clients would say for common formats, so that servers that
// store the type see the same from every client.
#include <algorithm>
#include <array>

#include "lfs/base/text.h"
#include "lfs/queue/basic_adapter.h"

namespace lazylfs::lfs {
namespace {

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view type;
};

using namespace std::string_view_literals;

constexpr auto kSignatures = std::to_array<Signature>({
    {0, "%PDF-"sv, "application/pdf"},
    {0, "%!PS-Adobe-"sv, "application/postscript"},
    {0, "\xFE\xFF"sv, "text/plain; charset=utf-16be"},
    {0, "\xFF\xFE"sv, "text/plain; charset=utf-16le"},
    {0, "\xEF\xBB\xBF"sv, "text/plain; charset=utf-8"},
    {0, "\x00\x00\x01\x00"sv, "image/x-icon"},
    {0, "\x00\x00\x02\x00"sv, "image/x-icon"},
    {0, "BM"sv, "image/bmp"},
    {0, "GIF87a"sv, "image/gif"},
    {0, "GIF89a"sv, "image/gif"},
    {0, "\x89PNG\r\n\x1A\n"sv, "image/png"},
    {0, "\xFF\xD8\xFF"sv, "image/jpeg"},
    {0, "ID3"sv, "audio/mpeg"},
    {0, "OggS\x00"sv, "application/ogg"},
    {0, "MThd\x00\x00\x00\x06"sv, "audio/midi"},
    {0, ".snd"sv, "audio/basic"},
    {0, "\x1A\x45\xDF\xA3"sv, "video/webm"},
    {34, "LP"sv, "application/vnd.ms-fontobject"},
    {0, "\x00\x01\x00\x00"sv, "font/ttf"},
    {0, "OTTO"sv, "font/otf"},
    {0, "ttcf"sv, "font/collection"},
    {0, "wOFF"sv, "font/woff"},
    {0, "wOF2"sv, "font/woff2"},
    {0, "\x1F\x8B\x08"sv, "application/x-gzip"},
    {0, "PK\x03\x04"sv, "application/zip"},
    {0, "Rar!\x1A\x07\x00"sv, "application/x-rar-compressed"},
    {0, "Rar!\x1A\x07\x01\x00"sv, "application/x-rar-compressed"},
    {0, "\x00\x61\x73\x6D"sv, "application/wasm"},
});

constexpr auto kRiffTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"WEBPVP", "image/webp"},
    {"AVI ", "video/avi"},
    {"WAVE", "audio/wave"},
});

constexpr auto kHtmlTags = std::to_array<std::string_view>(
    {"<!doctype html", "<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table",
     "<a", "<style", "<title", "<b", "<body", "<br", "<p", "<!--"});

bool is_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x08 || byte == 0x0B || (byte >= 0x0E && byte <= 0x1A) ||
           (byte >= 0x1C && byte <= 0x1F);
  });
}

std::string_view without_leading_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of("\t\n\x0C\r ");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool is_html(std::string_view text) {
  for (const std::string_view tag : kHtmlTags) {
    if (text.size() <= tag.size() || !equals_ignoring_case(text.substr(0, tag.size()), tag)) {
      continue;
    }
    const char after = text[tag.size()];
    if (after == ' ' || after == '>' || tag == "<!--") return true;
  }
  return false;
}

bool is_mp4(std::string_view text) {
  if (text.size() < 12 || text.substr(4, 4) != "ftyp") return false;
  std::size_t box = 0;
  for (std::size_t i = 0; i < 4; ++i) box = box * 256 + static_cast<unsigned char>(text[i]);
  if (text.size() < box || box % 4 != 0) return false;
  for (std::size_t at = 8; at < box; at += 4) {
    if (at != 12 && text.substr(at, 3) == "mp4") return true;
  }
  return false;
}

}  // namespace

std::string_view sniff_content_type(std::string_view first_bytes) {
  const std::string_view text = without_leading_space(first_bytes);
  if (is_html(text)) return "text/html; charset=utf-8";
  if (text.starts_with("<?xml")) return "text/xml; charset=utf-8";
  if (first_bytes.starts_with("RIFF") && first_bytes.size() >= 12) {
    for (const auto& [mark, type] : kRiffTypes) {
      if (first_bytes.substr(8).starts_with(mark)) return type;
    }
  }
  if (first_bytes.starts_with("FORM") && first_bytes.size() >= 12 &&
      first_bytes.substr(8, 4) == "AIFF") {
    return "audio/aiff";
  }
  for (const Signature& signature : kSignatures) {
    if (first_bytes.size() > signature.offset &&
        first_bytes.substr(signature.offset).starts_with(signature.bytes)) {
      return signature.type;
    }
  }
  if (is_mp4(first_bytes)) return "video/mp4";
  return is_text(first_bytes) ? "text/plain; charset=utf-8" : "application/octet-stream";
}

}  // namespace lazylfs::lfs
