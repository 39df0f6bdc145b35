#include "cli/object_fetch.h"

#include <unistd.h>

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kStdinBytesMax = 256U << 20U;
// Jobs that are collected before the first is begun, so that totals are known from the start.
constexpr std::size_t kWaitingMax = 1000;

std::string short_name_of(std::string_view full) {
  for (const std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/remotes/"}) {
    if (full.starts_with(prefix)) return std::string(full.substr(prefix.size()));
  }
  return std::string(full);
}

bool looks_like_url(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return true;
  const std::size_t colon = text.find(':');  // user@host:path
  return colon != std::string_view::npos && colon > 0 && text.find('/') > colon;
}

}  // namespace

Result<NamedRef> find_ref(const lfs::Repository& repository, const std::string& revision) {
  NamedRef ref;
  ref.commit = TRY(repository.resolve_commit(revision));
  ref.full_name = repository.full_ref_name(revision);
  if (ref.full_name.empty()) ref.full_name = ref.commit.oid.hex();
  ref.short_name = short_name_of(ref.full_name);
  return ref;
}

std::string remote_complaint(const lfs::Config& config, const std::string& remote) {
  for (const char* key : {".url", ".pushurl", ".lfsurl"}) {
    if (config.get("remote." + remote + key)) return {};
  }
  if (looks_like_url(remote) || is_folder(remote)) return {};
  return "Invalid remote name \"" + remote + "\": invalid remote name: \"" + absolute_path(remote) +
         '"';
}

std::vector<std::string> read_stdin_lines() {
  std::vector<std::string> lines;
  const Result<std::string> text = read_to_end(STDIN_FILENO, kStdinBytesMax);
  if (!text) return lines;
  for (const std::string_view line : split(*text, '\n')) {
    const std::string_view trimmed = trim(line);
    if (!trimmed.empty()) lines.emplace_back(trimmed);
  }
  return lines;
}

ObjectFetch::ObjectFetch(Context& context, Workspace& workspace, FetchOptions options,
                         Finished on_finished)
    : workspace_(workspace),
      options_(std::move(options)),
      on_finished_(std::move(on_finished)),
      meter_(context, workspace.config(), MeterKind::download, options_.dry_run) {}

ObjectFetch::~ObjectFetch() = default;

bool ObjectFetch::add(const lfs::PointerFile& file) {
  if (file.pointer.size == 0) return false;
  if (!options_.refetch && workspace_.store().find(file.pointer.id())) return false;
  if (!queue_) {
    lfs::QueueOptions options;
    options.operation = lfs::Operation::download;
    options.remote = options_.remote;
    options.ref = workspace_.api_ref();
    options.dry_run = options_.dry_run;
    options.refetch = options_.refetch;
    lfs::TransferObserver* const observer = this;
    queue_ = std::make_unique<lfs::TransferQueue>(workspace_.transfers(), options, observer);
  }
  waiting_.push_back({file.pointer.id(), file.path});
  meter_.expected(waiting_.back());
  if (waiting_.size() >= kWaitingMax) send_waiting();
  return true;
}

void ObjectFetch::send_waiting() {
  for (lfs::TransferJob& job : waiting_) queue_->add(std::move(job));
  waiting_.clear();
}

std::vector<Error> ObjectFetch::finish() {
  std::vector<Error> errors;
  if (queue_) {
    send_waiting();
    errors = queue_->wait();
    queue_.reset();
  }
  meter_.finish();
  return errors;
}

void ObjectFetch::finished(const lfs::TransferOutcome& outcome) {
  if (outcome.result) ++fetched_;
  meter_.finished(outcome);
  if (on_finished_) on_finished_(outcome);
}

std::string endpoint_url(const Workspace& workspace, const std::string& remote,
                         lfs::Operation operation) {
  const Result<lfs::Endpoint> endpoint = lfs::find_endpoint(workspace.config(), remote, operation,
                                                            workspace.repository().common_folder());
  return endpoint ? redact_url(endpoint->url) : redact_url(remote);
}

}  // namespace lazylfs::cli
