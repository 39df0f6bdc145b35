// GIT_CURL_VERBOSE: what goes over the wire, on stderr, without its secrets.
#pragma once

#include <string>
#include <string_view>

#include <curl/curl.h>

namespace lazylfs::lfs {

// Shows the headers of both directions and JSON request bodies of `easy`'s next transfer.
void dump_exchange(CURL* easy);

// "content-type" as "Content-Type".
std::string canonical_header_name(std::string_view name);

// One header or first line as it may be shown.
std::string presentable_line(std::string_view line);

}  // namespace lazylfs::lfs
