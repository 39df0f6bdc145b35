// Any bytes as a batch reply and as git-lfs-authenticate's answer: no crash, one answer for each
// question, and nothing in an answer that could not be sent over HTTP.
#include <cstdlib>
#include <string_view>

#include "lfs/api/batch.h"
#include "lfs/api/ssh_authenticate.h"
#include "lfs/base/url.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_action(const lazylfs::lfs::Action& action) {
  const auto url = lazylfs::Url::parse(action.href);
  require(url && (url->scheme == "http" || url->scheme == "https"));
  require(action.href.find_first_of("\r\n ") == std::string::npos);
  for (const lazylfs::lfs::Header& header : action.headers) {
    require(lazylfs::lfs::is_safe_header(header.name, header.value));
  }
  require(!action.expires_at || *action.expires_at >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lazylfs::ObjectId;
  using lazylfs::Oid;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<ObjectId> asked = {{*Oid::parse(std::string(64, 'a')), 1},
                                       {*Oid::parse(std::string(64, '0')), 0}};
  const auto objects = lazylfs::lfs::parse_batch_response(text, asked, 1000000000);
  if (objects) {
    require(objects->size() == asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      require(objects->at(i).id == asked[i]);
      if (objects->at(i).download) check_action(*objects->at(i).download);
    }
  }
  const auto grant = lazylfs::lfs::parse_ssh_grant(text, 1000000000);
  if (grant) {
    for (const lazylfs::lfs::Header& header : grant->headers) {
      require(lazylfs::lfs::is_safe_header(header.name, header.value));
    }
  }
  return 0;
}
