#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

class TransferQueue::Impl {};

TransferQueue::TransferQueue(TransferEnvironment& /*environment*/, QueueOptions /*options*/,
                             TransferObserver* /*observer*/) {}
TransferQueue::~TransferQueue() = default;
void TransferQueue::add(TransferJob /*job*/) {}
void TransferQueue::flush() {}
std::vector<Error> TransferQueue::wait() { return {Error(Errc::unsupported, "not built yet")}; }

}  // namespace lazylfs::lfs
