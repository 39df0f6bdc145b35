// Any bytes as what a custom transfer agent says: lines are found, and each is an answer in order
// or an error.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lfs/queue/agent_reply.h"
#include "lfs/queue/line_reader.h"
#include "memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const lazylfs::Oid oid = *lazylfs::Oid::parse(std::string(64, 'a'));
  const lazylfs::Fd file = lazylfs::memory_file(text);
  lazylfs::lfs::LineReader lines(file.get());
  std::size_t seen = 0;
  while (true) {
    const auto line = lines.next();
    if (!line) break;
    seen += line->size() + 1;
    if (line->find('\n') != std::string::npos) std::abort();
    const auto reply = lazylfs::lfs::parse_agent_reply(*line, oid, "agent");
    if (!reply) continue;
    if (reply->new_bytes < 0 || (reply->complete && reply->new_bytes != 0)) std::abort();
    if (!reply->complete && reply->error) std::abort();
  }
  if (seen != size && seen != size + 1) std::abort();
  return 0;
}
