#include "lfs/http/dump.h"

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

// A person asked for them, to find out why a server refuses.
bool shows_secrets() {
  static const bool wanted = env_is_on("LFS_DEBUG_HTTP");
  return wanted;
}

void dump_lines(std::string_view direction, std::string_view block) {
  while (!block.empty()) {
    const std::string_view line = trim(take_until(block, '\n'));
    verbose_line(std::string(direction) +
                 (shows_secrets() ? std::string(line) : presentable_line(line)));
  }
}

int on_debug(CURL*, curl_infotype type, char* data, std::size_t size, void*) {
  const std::string_view text(data, size);
  if (type == CURLINFO_HEADER_OUT) dump_lines("> ", text);
  if (type == CURLINFO_HEADER_IN) dump_lines("< ", text);
  // Of what we send, only API calls are JSON, and they hold no secrets. Answers do (signed URLs).
  if (type == CURLINFO_DATA_OUT && text.starts_with('{')) verbose_line(trim(text));
  return 0;
}

}  // namespace

void dump_exchange(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &on_debug);
}

std::string canonical_header_name(std::string_view name) {
  std::string result = to_lower(name);
  bool starts_word = true;
  for (char& c : result) {
    if (starts_word && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    starts_word = c == '-';
  }
  return result;
}

std::string presentable_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  const bool first_line = line.starts_with("HTTP/") || colon == std::string_view::npos ||
                          line.substr(0, colon).find(' ') != std::string_view::npos;
  if (!first_line) {
    const std::string name = canonical_header_name(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    return name == "Location" ? name + ": " + redact_url(value) : redact_header(name, value);
  }
  // "GET /path?signature=… HTTP/1.1"
  const std::size_t question = line.find('?');
  if (question == std::string_view::npos || line.starts_with("HTTP/")) return std::string(line);
  const std::size_t end = std::min(line.find(' ', question), line.size());
  return std::string(line.substr(0, question)) + "?…" + std::string(line.substr(end));
}

}  // namespace lazylfs::lfs
