// Any bytes as a lock server's reply, over HTTP and over SSH: what comes out are locks with an id
// and a path that can be written as JSON and read again, or an error.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lfs/base/text.h"
#include "lfs/locks/lock_api.h"
#include "lfs/locks/lock_ssh.h"

namespace {

using namespace lazylfs::lfs;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_locks(const std::vector<Lock>& locks) {
  for (const Lock& lock : locks) {
    const lazylfs::Json json = lock_to_json(lock);
    const auto text = go_json_line(json);
    require(text.find('\n') == text.size() - 1);
    const auto again = lazylfs::parse_json(text);
    require(again && lock_from_json(*again).has_value());
  }
}

void ask(LockApi& api) {
  if (const auto lock = api.create("a b", "refs/heads/main")) check_locks({*lock});
  if (const auto lock = api.remove("7", true, "")) check_locks({*lock});
  if (const auto page = api.list({})) check_locks(page->locks);
  if (const auto page = api.verify({})) {
    check_locks(page->locks.ours);
    check_locks(page->locks.theirs);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The first byte chooses the answer's status.
  constexpr int kStatuses[] = {200, 201, 403, 404, 409, 500, 0, 299};
  const int status = kStatuses[data[0] % std::size(kStatuses)];
  HttpLockApi http([&](const ApiCall&) {
    ApiResponse response;
    response.head.status = status;
    response.body = text;
    response.url = "https://host/locks";
    return response;
  });
  ask(http);

  SshLockReply reply{.status = status, .arguments = {}, .lines = {}};
  bool delimited = false;
  for (const std::string_view line : lazylfs::split(text, '\n')) {
    if (line.empty() && !delimited) {
      delimited = true;
    } else {
      (delimited ? reply.lines : reply.arguments).emplace_back(line);
    }
  }
  SshLockApi ssh([&](const SshLockCall&) { return lazylfs::Result<SshLockReply>(reply); });
  ask(ssh);
  return 0;
}
