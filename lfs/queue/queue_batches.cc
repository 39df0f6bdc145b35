#include <algorithm>
#include <unordered_set>

#include "lfs/api/batch.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"
#include "lfs/queue/queue.h"

namespace lazylfs::lfs {
namespace {

// So many batches' worth of objects may wait for a worker before the next one is asked for.
constexpr std::size_t kBacklogBatches = 3;

Error about(const Oid& oid, const Error& error) {
  return Error(error.code(), "[" + oid.hex() + "] " + error.message(), error.sys_errno());
}

}  // namespace

bool TransferQueue::Impl::may_begin_batch(const State& state) const {
  if (state.fresh.empty()) return false;
  if (state.fresh.size() < state.batch_size && !state.urgent && !state.closed) return false;
  return state.ready.size() < kBacklogBatches * state.batch_size;
}

void TransferQueue::Impl::run_batches() {
  Batch batch;
  while (next_batch(batch)) {
    if (!batch.empty()) ask(std::move(batch));
    batch = {};
    auto state = state_.lock();
    --state->batches_under_way;
    if (state->stopping) all_ended_.notify_all();
  }
}

// False when there will be no more. The batch is empty when all its objects could be had locally.
bool TransferQueue::Impl::next_batch(Batch& batch) {
  {
    auto state = state_.lock();
    while (true) {
      if (state->stopping) return false;
      const auto now = Clock::now();
      while (!state->later.empty() && state->later.begin()->first <= now) {
        state->fresh.push_front(state->later.begin()->second);
        state->later.erase(state->later.begin());
        state->urgent = true;
      }
      if (may_begin_batch(*state)) break;
      if (state->closed && state->unfinished == 0) return false;
      ++state->idle_batchers;
      if (state->later.empty()) {
        batch_wanted_.wait(state.mutex_lock());
      } else {
        batch_wanted_.wait_until(state.mutex_lock(), state->later.begin()->first);
      }
      --state->idle_batchers;
    }
    const std::size_t count = std::min(state->fresh.size(), state->batch_size);
    const auto last = state->fresh.begin() + static_cast<std::ptrdiff_t>(count);
    batch.assign(state->fresh.begin(), last);
    state->fresh.erase(state->fresh.begin(), last);
    if (state->fresh.empty()) state->urgent = false;
    ++state->batches_under_way;
    // Another call may go out while this one waits for its answer.
    if (may_begin_batch(*state) && state->idle_batchers == 0 &&
        state->batchers.size() < kBatchersMax) {
      state->batchers.emplace_back([this] { run_batches(); });
    }
  }
  std::erase_if(batch, [this](Object* object) { return take_from_exchange(*object); });
  return true;
}

// True when the object came from another store on this machine.
bool TransferQueue::Impl::take_from_exchange(Object& object) {
  ObjectExchange* exchange = environment_.options().exchange;
  if (exchange == nullptr || options_.operation == Operation::upload || options_.dry_run ||
      options_.refetch || object.tries > 0) {
    return false;
  }
  const std::optional<std::string> found = exchange->find(object.id);
  if (!found || !environment_.store().take_in(*found, object.id, true)) return false;
  tell([&](TransferObserver& observer) {
    observer.expected(job_of(object));
    observer.progressed(job_of(object), static_cast<std::int64_t>(object.id.size));
  });
  object.path = environment_.store().object_path(object.id.oid);
  end(object, {}, true);
  return true;
}

void TransferQueue::Impl::ask(Batch batch) {
  std::stable_sort(batch.begin(), batch.end(),
                   [](const Object* a, const Object* b) { return a->id.size > b->id.size; });
  BatchSource* const asked = source();
  if (asked == nullptr) {
    const Error reason = *lines_.lock()->no_source;
    after_failed_batch(batch, {reason, 0, std::nullopt, false});
    return;
  }
  BatchQuestion question;
  question.operation = options_.operation;
  question.ref = options_.ref;
  question.transfers = environment_.transfer_names(options_.operation);
  for (const Object* object : batch) question.objects.push_back(object->id);
  TRACE(TraceArea::general, "tq: sending batch of size " << batch.size());
  BatchOutcome outcome = asked->ask(question);
  if (outcome.answer) {
    after_answer(batch, std::move(*outcome.answer));
  } else {
    after_failed_batch(batch, outcome);
  }
}

void TransferQueue::Impl::after_failed_batch(const Batch& batch, const BatchOutcome& outcome) {
  if (outcome.too_large && batch.size() > 1) {
    auto state = state_.lock();
    state->batch_size = std::max<std::size_t>(1, std::min(state->batch_size, batch.size() / 2));
    state->fresh.insert(state->fresh.begin(), batch.begin(), batch.end());
    state->urgent = true;
    TRACE(TraceArea::general, "tq: the server refuses batches of "
                                  << batch.size() << ", going on with " << state->batch_size);
    batch_wanted_.notify_all();
    return;
  }
  bool listed = true;  // one error for all objects of the call
  for (Object* object : batch) {
    retry_or_end(*object, outcome.answer.error(), outcome.retries, outcome.retry_after, listed);
    auto state = state_.lock();
    if (object->ended) listed = false;
  }
}

void TransferQueue::Impl::after_answer(const Batch& batch, BatchAnswer answer) {
  const Result<TransferAdapter*> adapter = adapter_called(answer.transfer);
  if (!adapter) {
    after_failed_batch(batch, {adapter.error(), 0, std::nullopt, false});
    return;
  }
  std::unordered_map<Oid, Object*> waiting;
  for (Object* object : batch) waiting.emplace(object->id.oid, object);
  for (Json& entry : answer.entries) {
    const std::string name = json_string(entry, "oid").value_or("");
    const Result<Oid> oid = Oid::parse(name);
    const auto found = oid ? waiting.find(*oid) : waiting.end();
    if (found == waiting.end()) {
      state_.lock()->errors.emplace_back(
          Errc::corrupt,
          "[" + name.substr(0, Oid::kHexLength) + "] The server returned an unknown OID.");
      continue;
    }
    Object& object = *found->second;
    waiting.erase(found);
    route(object, std::move(entry), **adapter);
  }
  for (Object* object : batch) {
    if (!waiting.contains(object->id.oid)) continue;
    end(*object,
        about(object->id.oid, Error(Errc::not_found, "The server's reply leaves this object out.")),
        false);
  }
}

void TransferQueue::Impl::route(Object& object, Json entry, TransferAdapter& adapter) {
  const bool upload = options_.operation == Operation::upload;
  const Oid oid = object.id.oid;
  if (const auto error = entry_error(entry)) {
    tell([&](TransferObserver& observer) { observer.skipped(job_of(object)); });
    object.entry = std::move(entry);
    end(object, about(oid, *error), false);
    return;
  }
  // An action for an object that cannot be would only be refused later.
  if (const auto size = json_int(entry, "size"); size && *size < 0) {
    tell([&](TransferObserver& observer) { observer.skipped(job_of(object)); });
    object.entry = std::move(entry);
    end(object,
        about(oid, Error(Errc::corrupt, "invalid size (got: " + std::to_string(*size) + ")")),
        false);
    return;
  }
  const bool standalone = !lines_.lock()->standalone.empty();
  const bool wanted = standalone || find_action(entry, upload ? "upload" : "download") != nullptr;
  if (!wanted && upload) {  // the server has it
    tell([&](TransferObserver& observer) { observer.skipped(job_of(object)); });
    object.entry = std::move(entry);
    end(object, {}, false);
    return;
  }
  if (!wanted) {
    tell([&](TransferObserver& observer) { observer.skipped(job_of(object)); });
    object.entry = std::move(entry);
    end(object, about(oid, Error(Errc::not_found, "The server offers no download.")), false);
    return;
  }
  if (upload && !check_local_file(object)) return;
  if (!std::exchange(object.expected, true)) {
    tell([&](TransferObserver& observer) { observer.expected(job_of(object)); });
  }
  if (options_.dry_run) {
    object.entry = std::move(entry);
    end(object, {}, false);
    return;
  }
  make_ready(object, std::move(entry), adapter);
}

// False when the file that the server wants is not there as it should be; the object has ended.
bool TransferQueue::Impl::check_local_file(Object& object) {
  const ObjectStore& store = environment_.store();
  if (const auto path = store.find(object.id)) {
    object.path = *path;
    return true;
  }
  const bool other_size = file_exists(store.object_path(object.id.oid));
  object.fault = other_size ? LocalFault::corrupt : LocalFault::missing;
  const std::string what = other_size ? "corrupt object: " : "missing object: ";
  const std::string text = what + object.names.front() + " (" + object.id.oid.hex() + ")";
  tell([&](TransferObserver& observer) { observer.skipped(job_of(object)); });
  end(object, Error(other_size ? Errc::corrupt : Errc::not_found, text), false, false);
  if (!environment_.config().get_bool("lfs.allowincompletepush", false)) {
    abort_rest(object.id.oid);
  }
  return false;
}

void TransferQueue::Impl::make_ready(Object& object, Json entry, TransferAdapter& adapter) {
  bool dropped = false;
  bool choosy = adapter.workers_max() > 0;
  {
    auto state = state_.lock();
    choosy = choosy || state->workers.size() > state->parallelism.limit();
    object.entry = std::move(entry);
    object.adapter = &adapter;
    dropped = state->aborted || state->stopping;
    if (!dropped) {
      state->ready.push_back(&object);
      start_workers(state);
    }
  }
  if (dropped) {
    end(object, Error(Errc::cancelled, "not moved"), false, false);
    return;
  }
  // A worker beyond the limits cannot take it, so one that is woken alone might be the wrong one.
  if (choosy) {
    object_ready_.notify_all();
  } else {
    object_ready_.notify_one();
  }
}

Result<TransferAdapter*> TransferQueue::Impl::adapter_called(const std::string& name) {
  auto lines = lines_.lock();
  const std::string wanted = name.empty() ? "basic" : name;
  const auto alias = lines->made_for.find(wanted);
  if (alias != lines->made_for.end()) return alias->second;
  std::unique_ptr<TransferAdapter> made = TRY(environment_.make_adapter(
      wanted, options_.operation, options_.remote, !lines->standalone.empty()));
  const std::string made_name(made->name());
  const auto [entry, is_new] = lines->adapters.emplace(made_name, std::move(made));
  if (is_new) {
    TRACE(TraceArea::general, "tq: starting transfer adapter \"" << made_name << "\"");
    TRACE(TraceArea::transfer, "xfer: adapter \"" << made_name << "\" Begin()");
  }
  lines->made_for[wanted] = entry->second.get();
  return entry->second.get();
}

// Nullptr when no server is known; lines_ has the reason.
BatchSource* TransferQueue::Impl::source() {
  auto lines = lines_.lock();
  if (lines->source == nullptr && !lines->no_source) {
    Result<TransferEnvironment::Impl::Line> line =
        environment_.line_to(options_.operation, options_.remote);
    if (line) {
      TRACE(TraceArea::general,
            "tq: running as batched queue, batch size of " << state_.lock()->batch_size);
      lines->source = std::move(line->source);
      lines->standalone = std::move(line->standalone);
    } else {
      lines->no_source = line.error();
    }
  }
  return lines->source.get();
}

}  // namespace lazylfs::lfs
