// A small download is received into memory by the engine's thread and hashed and written by the
// worker that waits for it, so that many objects keep both busy. A large one is written as it
// arrives to incomplete/<oid>.part while another thread hashes what was written.
#include "lfs/queue/basic_adapter.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lfs/base/files.h"
#include "lfs/base/handle.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/partial_file.h"
#include "lfs/queue/storage_call.h"

namespace lazylfs::lfs {
namespace {

constexpr std::uint64_t kSmallBytesMax = 256U << 10U;
constexpr std::uint64_t kRangedBytesMin = 256U << 20U;
constexpr std::size_t kSniffedBytes = 512;
constexpr const char* kContentTypeHint =
    "info: Uploading failed due to unsupported Content-Type header(s).\n"
    "info: Consider disabling Content-Type detection with:\n"
    "info:\n"
    "info:   $ git config lfs.contenttype false";

using Folder = Handle<DIR, closedir>;

bool has_entries(const std::string& folder) {
  const Folder entries(::opendir(folder.c_str()));
  if (!entries) return false;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(entries.get())) {
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..") {
      return true;
    }
  }
  return false;
}

// "gzip" unless lfs.transfer.httpDownloadEncoding says "zstd".
Result<std::string> download_encoding(const Config& config, const std::string& endpoint) {
  const auto url = Url::parse(endpoint);
  const auto value = url ? config.get_for_url("lfs.transfer", *url, "httpdownloadencoding")
                         : config.get("lfs.transfer.httpdownloadencoding");
  if (!value || value->empty() || *value == kGzip) return std::string(kGzip);
  if (*value == "zstd") return std::string("zstd");
  return Error(Errc::invalid, "unsupported lfs.transfer.httpDownloadEncoding \"" + *value + "\"");
}

class MemorySink final : public ResponseSink {
 public:
  explicit MemorySink(const ObjectId& id) : id_(id) {}
  Result<void> begin(const HttpHead& /*head*/) override {
    body_.clear();
    body_.reserve(id_.size);
    return {};
  }
  Result<void> data(std::span<const std::byte> bytes) override {
    if (bytes.size() > id_.size - body_.size()) {
      return Error(Errc::corrupt, "the server sent more than the " + std::to_string(id_.size) +
                                      " bytes of " + id_.oid.hex());
    }
    body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  const std::string& body() const { return body_; }

 private:
  const ObjectId& id_;
  std::string body_;
};

class FileSink final : public ResponseSink {
 public:
  FileSink(PartialFile& file, const TransferTask& task) : file_(file), task_(task) {}

  // Errc::invalid: the server sent another range than was asked for.
  Result<void> begin(const HttpHead& head) override {
    const std::string oid = task_.id.oid.hex();
    if (head.status == 206 && from_ > 0) {
      const std::string range(head.header("Content-Range"));
      if (range.starts_with("bytes " + std::to_string(from_) + "-")) {
        TRACE(TraceArea::general, "xfer: server accepted resume download request: \""
                                      << oid << "\" from byte " << from_);
        return {};
      }
      TRACE(TraceArea::general,
            "xfer: failed to parse Content-Range header from server: " << presentable_range(range));
      wrong_range_ = true;
      return Error(Errc::invalid, "the server sent another range");
    }
    if (from_ > 0) {
      TRACE(TraceArea::general, "xfer: server rejected resume download request for \""
                                    << oid << "\" from byte " << from_
                                    << "; re-downloading from start");
    }
    progress(-static_cast<std::int64_t>(file_.bytes()));
    return file_.restart();
  }
  Result<void> data(std::span<const std::byte> bytes) override {
    TRY(file_.append(bytes));
    progress(static_cast<std::int64_t>(bytes.size()));
    return {};
  }
  void ask_from(std::uint64_t from) { from_ = from; }
  std::uint64_t from() const { return from_; }
  bool wrong_range() const { return wrong_range_; }
  void progress(std::int64_t bytes) {
    if (bytes != 0 && task_.progress) task_.progress(bytes);
  }

 private:
  static std::string presentable_range(const std::string& range) { return range.substr(0, 100); }

  PartialFile& file_;
  const TransferTask& task_;
  std::uint64_t from_ = 0;
  bool wrong_range_ = false;
};

Result<void> write_object(const ObjectStore& store, const ObjectId& id, std::string_view content) {
  ObjectStore::Temporary temporary = TRY(store.make_temporary());
  Result<void> written = write_all(temporary.fd.get(), content);
  temporary.fd.reset();
  if (written) written = store.move_in(temporary.path, id);
  if (!written) ::unlink(temporary.path.c_str());
  return written;
}

// Every attempt of a broken small download leaves what it got, so that the next one continues.
void keep_partial(const ObjectStore& store, const ObjectId& id, std::string_view content) {
  if (content.empty() || content.size() >= id.size) return;
  Result<PartialFile> file = PartialFile::open(store, id);
  if (!file) return;
  const bool kept = file->restart() && file->append(as_bytes(content));
  if (!kept) (void)file->restart().has_value();
  file->abandon();
}

}  // namespace

BasicAdapter::BasicAdapter(ApiClient& client, const Config& config, const ObjectStore& store,
                           Operation operation)
    : client_(client),
      config_(config),
      store_(store),
      operation_(operation),
      any_partial_(operation == Operation::download && has_entries(store.folder() + "/incomplete")),
      verifies_max_(verifies_max(config)),
      encoding_(download_encoding(config, client.endpoint().url)),
      ranged_bytes_min_(parse_size(config.get("lfs.transfer.rangesminsize").value_or(""))
                            .value_or(kRangedBytesMin)),
      range_plan_{static_cast<std::size_t>(
          std::clamp<std::int64_t>(config.get_int("lfs.transfer.rangeconnections", 4), 1, 32))} {}

bool BasicAdapter::has_partial(const ObjectId& id) const {
  return any_partial_ && file_exists(store_.partial_path(id.oid));
}

Attempt BasicAdapter::move(const TransferTask& task, std::size_t /*worker*/) {
  if (stopped_) return Attempt::failed(Error(Errc::cancelled, "stopped"));
  return operation_ == Operation::download ? download(task) : upload(task);
}

Attempt BasicAdapter::download(const TransferTask& task) {
  if (!encoding_) return Attempt::failed(encoding_.error());
  const Result<Action> action = usable_action(task.entry, "download");
  if (!action) return broken_exchange(action.error());
  const bool small = task.id.size <= kSmallBytesMax && !has_partial(task.id) &&
                     !file_exists(store_.partial_path(task.id.oid));
  return small ? download_small(task, *action) : download_large(task, *action);
}

Attempt BasicAdapter::download_small(const TransferTask& task, const Action& action) {
  MemorySink sink(task.id);
  StorageCall call;
  call.action = action;
  call.sink = &sink;
  call.dress = [this](HttpRequest& request) { request.accept_encoding = *encoding_; };
  const Result<ApiResponse> response = send_to_storage(client_, call);
  if (!response) {
    keep_partial(store_, task.id, sink.body());
    return broken_exchange(response.error());
  }
  if (!response->is_success()) return refused_by_storage(*response);
  const Oid got = Sha256::of(sink.body());
  if (got != task.id.oid || sink.body().size() != task.id.size) {
    return broken_exchange(wrong_content(task.id, got, sink.body().size()));
  }
  if (const Result<void> written = write_object(store_, task.id, sink.body()); !written) {
    return Attempt::failed(written.error());
  }
  if (task.progress) task.progress(static_cast<std::int64_t>(task.id.size));
  return Attempt::done();
}

// Nothing when this object goes over one connection.
std::optional<RangedEnd> BasicAdapter::download_ranged(const TransferTask& task,
                                                       const Action& action, PartialFile& file) {
  const std::uint64_t missing = task.id.size - file.resume_from();
  if (missing < ranged_bytes_min_ || missing <= range_plan_.piece_bytes ||
      range_plan_.connections < 2 || ranges_mislead_ || ranged_busy_.exchange(true)) {
    return std::nullopt;
  }
  RangedEnd end = download_in_ranges(client_, action, task, file, range_plan_, stopped_);
  ranged_busy_ = false;
  if (end.misled) ranges_mislead_ = true;
  return end;
}

Attempt BasicAdapter::download_large(const TransferTask& task, const Action& action) {
  Result<PartialFile> file = PartialFile::open(store_, task.id);
  if (!file) return Attempt::failed(file.error());
  FileSink sink(*file, task);
  sink.progress(static_cast<std::int64_t>(file->bytes()));
  const auto give_up = [&](Attempt attempt) {
    sink.progress(-static_cast<std::int64_t>(file->bytes()));
    file->abandon();
    return attempt;
  };
  bool complete = file->bytes() == task.id.size && task.id.size > 0;
  sink.ask_from(file->resume_from());
  std::optional<RangedEnd> ranged;
  if (!complete) ranged = download_ranged(task, action, *file);
  if (ranged && !ranged->complete) return give_up(std::move(ranged->attempt));
  while (!complete && !ranged) {
    if (sink.from() > 0) {
      TRACE(TraceArea::general, "xfer: Attempting to resume download of \""
                                    << task.id.oid.hex() << "\" from byte " << sink.from());
    }
    StorageCall call;
    call.action = action;
    call.sink = &sink;
    call.dress = [&](HttpRequest& request) {
      if (sink.from() > 0)
        request.range = ByteRange{sink.from(), task.id.size - sink.from()};
      else
        request.accept_encoding = *encoding_;
    };
    const Result<ApiResponse> response = send_to_storage(client_, call);
    if (response && response->is_success()) break;
    const bool unsatisfiable = response && response->head.status == 416;
    if (sink.from() > 0 && (unsatisfiable || sink.wrong_range())) {
      sink.progress(-static_cast<std::int64_t>(file->bytes()));
      if (const Result<void> empty = file->restart(); !empty) return Attempt::failed(empty.error());
      sink.ask_from(0);
      continue;
    }
    return give_up(response ? refused_by_storage(*response) : broken_exchange(response.error()));
  }
  const std::uint64_t received = file->bytes();
  if (const Result<void> moved = file->finish(); !moved) {
    sink.progress(-static_cast<std::int64_t>(received));
    Attempt attempt = broken_exchange(moved.error());
    // What lay there was not the object's beginning: that is no fault of this run's.
    if (complete || sink.from() > 0 || ranged) attempt.retries = 2;
    if (ranged) ranges_mislead_ = true;
    return attempt;
  }
  return Attempt::done();
}

Result<std::shared_ptr<const Fd>> open_upload(const TransferTask& task) {
  Fd file = TRY(open_file(task.local_path, O_RDONLY));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 ||
      (task.id.size > 0 && static_cast<std::uint64_t>(status.st_size) != task.id.size)) {
    return Error(Errc::corrupt, "corrupt object: " + task.name + " (" + task.id.oid.hex() + ")");
  }
  return std::shared_ptr<const Fd>(std::make_shared<const Fd>(std::move(file)));
}

void add_content_type(HttpRequest& request, const Config& config, std::string_view first_bytes) {
  for (const Header& header : request.headers) {
    if (equals_ignoring_case(header.name, "Content-Type")) return;
  }
  const auto url = Url::parse(request.url);
  const auto sniff = url ? config.get_for_url("lfs", *url, "contenttype") : std::nullopt;
  const std::string off = to_lower(sniff.value_or("true"));
  const bool wanted = off != "false" && off != "0" && off != "no" && off != "off";
  request.headers.push_back({"Content-Type", wanted ? std::string(sniff_content_type(first_bytes))
                                                    : std::string("application/octet-stream")});
}

Attempt BasicAdapter::upload(const TransferTask& task) {
  const Result<Action> action = usable_action(task.entry, "upload");
  if (!action) return broken_exchange(action.error());
  const Result<std::shared_ptr<const Fd>> file = open_upload(task);
  if (!file) return Attempt::failed(file.error());
  const bool small = task.id.size <= kSmallBytesMax;
  std::string content(static_cast<std::size_t>(small ? task.id.size : kSniffedBytes), '\0');
  const Result<std::size_t> got =
      pread_full((*file)->get(), std::as_writable_bytes(std::span<char>(content)), 0);
  if (!got || *got != content.size()) {
    return Attempt::failed(got ? Error(Errc::corrupt, "cannot read " + task.local_path)
                               : got.error());
  }
  StorageCall call;
  call.action = *action;
  call.operation = Operation::upload;
  call.dress = [&](HttpRequest& request) {
    request.method = "PUT";
    add_content_type(request, config_, std::string_view(content).substr(0, kSniffedBytes));
    bool chunked = false;
    for (const Header& header : request.headers) {
      chunked = chunked || equals_ignoring_case(header.name, "Transfer-Encoding");
    }
    if (small && !chunked)
      request.body = content;
    else
      request.file_body = FileBody{*file, 0, task.id.size};
  };
  const auto progress = sent_teller(task);
  call.on_sent = progress;
  const Result<ApiResponse> response = send_to_storage(client_, call);
  if (response && response->is_success()) {
    const Result<void> verified = verify_upload(client_, task.entry, task.id, verifies_max_);
    if (verified) {
      progress(task.id.size);
      return Attempt::done();
    }
    progress(0);
    return Attempt::failed(verified.error());
  }
  progress(0);
  if (response && response->head.status == 422) {
    return Attempt::failed(Error(Errc::invalid, kContentTypeHint));
  }
  return response ? refused_by_storage(*response) : broken_exchange(response.error());
}

}  // namespace lazylfs::lfs
