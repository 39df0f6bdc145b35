#include "lfs/queue/ssh_adapter.h"

#include "lfs/api/batch.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/basic_adapter.h"
#include "lfs/queue/partial_file.h"
#include "lfs/queue/storage_call.h"

namespace lazylfs::lfs {
namespace {

// "<oid> <size> <action> [key=value ...]" as an entry of a batch reply.
Result<Json> entry_of(const std::string& line) {
  const std::vector<std::string_view> words = split(line, ' ');
  const auto size = words.size() >= 3 ? parse_uint(words[1]) : std::nullopt;
  if (!size || !Oid::parse(words[0])) {
    return Error(Errc::corrupt, "malformed line in the reply to batch");
  }
  Json entry;
  entry["oid"] = std::string(words[0]);
  entry["size"] = *size;
  const std::string action(words[2]);
  if (action == "noop") return entry;
  Json details = Json::object();
  for (std::size_t i = 3; i < words.size(); ++i) {
    std::string_view value = words[i];
    const std::string key(take_until(value, '='));
    if (key == "expires-in") details["expires_in"] = parse_int(value).value_or(0);
    if (key == "expires-at") details["expires_at"] = std::string(value);
    if (key == "id" || key == "token") details[key] = std::string(value);
  }
  entry["actions"][action] = std::move(details);
  return entry;
}

std::vector<std::string> arguments_for(const TransferTask& task, const char* action) {
  std::vector<std::string> arguments = {"size=" + std::to_string(task.id.size)};
  const Json* details = find_action(task.entry, action);
  for (const char* key : {"id", "token"}) {
    const auto value = details != nullptr ? json_string(*details, key) : std::nullopt;
    if (value) arguments.push_back(std::string(key) + "=" + *value);
  }
  return arguments;
}

Attempt refused(const SshReply& reply, const std::string& what) {
  const std::string told = reply.message();
  const Errc code = reply.status == 404   ? Errc::not_found
                    : reply.status == 403 ? Errc::denied
                                          : Errc::io;
  Attempt attempt =
      Attempt::failed(Error(code, what + ": got status " + std::to_string(reply.status) +
                                      (told.empty() ? "" : ": " + told)));
  if (reply.status == 403) attempt.retries = 2;
  if (reply.status == 429 || reply.status >= 500) attempt.retries = Attempt::kUnlimited;
  return attempt;
}

}  // namespace

BatchOutcome SshBatchSource::ask(const BatchQuestion& question) {
  SshRequest request;
  request.command = "batch";
  request.arguments = {"transfer=ssh", "hash-algo=sha256"};
  if (!question.ref.empty()) request.arguments.push_back("refname=" + question.ref);
  for (const ObjectId& id : question.objects) {
    request.lines.push_back(id.oid.hex() + " " + std::to_string(id.size));
  }
  BatchOutcome outcome{Error(Errc::io, "no answer"), 0, std::nullopt, false};
  const Result<SshReply> reply = pool_.call(request);
  if (!reply) {
    outcome.answer = reply.error().with_context("batch response");
    if (reply.error().code() == Errc::transient) outcome.retries = 2;
    return outcome;
  }
  if (!reply->is_success()) {
    const Attempt attempt = refused(*reply, "batch response");
    outcome.answer = attempt.result.error();
    outcome.retries = std::min(attempt.retries, 4);
    return outcome;
  }
  BatchAnswer answer;
  answer.transfer = "ssh";
  for (const std::string& line : reply->lines) {
    Result<Json> entry = entry_of(line);
    if (!entry) {
      outcome.answer = entry.error().with_context("batch response");
      return outcome;
    }
    answer.entries.push_back(std::move(*entry));
  }
  outcome.answer = std::move(answer);
  return outcome;
}

Attempt SshAdapter::move(const TransferTask& task, std::size_t /*worker*/) {
  Result<SshPool::Loan> loan = pool_.borrow();
  if (!loan) return broken_exchange(loan.error());
  bool usable = true;
  Attempt attempt = operation_ == Operation::download ? download(**loan, task, usable)
                                                      : upload(**loan, task, usable);
  if (!usable) loan->discard();
  return attempt;
}

Attempt SshAdapter::download(SshConnection& connection, const TransferTask& task, bool& usable) {
  Result<PartialFile> file = PartialFile::open(store_, task.id);
  if (!file) return Attempt::failed(file.error());
  if (const Result<void> empty = file->restart(); !empty) return Attempt::failed(empty.error());
  SshRequest request;
  request.command = "get-object " + task.id.oid.hex();
  request.arguments = arguments_for(task, "download");
  const auto take = [&](std::span<const std::byte> bytes) -> Result<void> {
    TRY(file->append(bytes));
    if (task.progress) task.progress(static_cast<std::int64_t>(bytes.size()));
    return {};
  };
  const Result<SshReply> reply = connection.call(request, take);
  const auto take_back = [&] {
    if (task.progress && file->bytes() > 0) {
      task.progress(-static_cast<std::int64_t>(file->bytes()));
    }
  };
  if (!reply || !reply->is_success()) {
    usable = reply.has_value();
    take_back();
    (void)file->restart().has_value();  // there are no ranges to continue with
    file->abandon();
    return reply ? refused(*reply, "download of " + task.id.oid.hex())
                 : broken_exchange(reply.error());
  }
  const std::int64_t received = static_cast<std::int64_t>(file->bytes());
  const Result<void> moved = file->finish();
  if (moved) return Attempt::done();
  if (task.progress) task.progress(-received);
  return broken_exchange(moved.error());
}

Attempt SshAdapter::upload(SshConnection& connection, const TransferTask& task, bool& usable) {
  const Result<std::shared_ptr<const Fd>> file = open_upload(task);
  if (!file) return Attempt::failed(file.error());
  std::uint64_t sent = 0;
  SshRequest request;
  request.command = "put-object " + task.id.oid.hex();
  request.arguments = arguments_for(task, "upload");
  request.data = [&](std::span<std::byte> into) -> Result<std::size_t> {
    const auto wanted = std::min<std::uint64_t>(into.size(), task.id.size - sent);
    const std::size_t got =
        TRY(pread_full((*file)->get(), into.first(static_cast<std::size_t>(wanted)), sent));
    if (got < wanted) return Error(Errc::corrupt, "the file became shorter while it was sent");
    sent += got;
    if (task.progress && got > 0) task.progress(static_cast<std::int64_t>(got));
    return got;
  };
  Result<SshReply> reply = connection.call(request);
  if (reply && reply->is_success()) {
    SshRequest verify;
    verify.command = "verify-object " + task.id.oid.hex();
    verify.arguments = arguments_for(task, "upload");
    reply = connection.call(verify);
  }
  usable = reply.has_value();
  if (reply && reply->is_success()) return Attempt::done();
  if (task.progress && sent > 0) task.progress(-static_cast<std::int64_t>(sent));
  return reply ? refused(*reply, "upload of " + task.id.oid.hex()) : broken_exchange(reply.error());
}

}  // namespace lazylfs::lfs
