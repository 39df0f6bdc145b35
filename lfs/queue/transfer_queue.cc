#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

class TransferEnvironment::Impl {};
class TransferQueue::Impl {};

TransferEnvironment::TransferEnvironment(const Repository& /*repository*/,
                                         const ObjectStore& /*store*/, Metrics& /*metrics*/,
                                         Options /*options*/) {}
TransferEnvironment::~TransferEnvironment() = default;
std::vector<std::string> TransferEnvironment::adapter_names(Operation /*operation*/) const {
  return {"basic"};
}
TransferQueue::TransferQueue(TransferEnvironment& /*environment*/, QueueOptions /*options*/,
                             TransferObserver* /*observer*/) {}
TransferQueue::~TransferQueue() = default;
void TransferQueue::add(TransferJob /*job*/) {}
void TransferQueue::flush() {}
std::vector<Error> TransferQueue::wait() { return {Error(Errc::unsupported, "not built yet")}; }

}  // namespace lazylfs::lfs
