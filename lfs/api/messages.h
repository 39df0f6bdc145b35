// What a server's refusal means, in git-lfs's words.
#pragma once

#include <string>
#include <string_view>

#include "lfs/base/error.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

// The error for a response that is no success. The server's own message wins over ours.
Error status_error(const HttpHead& head, std::string_view body, std::string_view url);

// X-Request-Id (or the like), else the body's request_id; empty when there is none.
std::string request_id_of(const HttpHead& head, std::string_view body);

// `text` on one line and not longer than `bytes_max`.
std::string presentable(std::string_view text, std::size_t bytes_max);

// JSON as a trace may show it: query strings of addresses and values of headers are masked.
std::string redact_json(std::string_view body);

}  // namespace lazylfs::lfs
