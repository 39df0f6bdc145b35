// Git sends requests one after the other and waits for each answer. A checkout begins with a round
// in which smudge requests may be delayed: objects that are here are answered at once, the others
// are handed to the one transfer queue of the checkout. Then git asks again and again which delayed
// files are available. We name those whose objects have ended, and git requests each of them once
// more, now with an empty content: the pointer is remembered here. Content is streamed from the
// store's files, so that no file is ever held in memory.
//
// The status "success" goes out before the content, and a second status after it; an error in
// between is told by the second.
#include "lfs/filter/filter_process.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "lfs/base/trace.h"
#include "lfs/filter/clean.h"
#include "lfs/filter/pkt_line.h"
#include "lfs/filter/progress_file.h"
#include "lfs/filter/spool.h"

namespace lazylfs::lfs {
namespace {

// Windows programs cannot read such files rightly.
constexpr std::uint64_t kHugeBytes = 4ULL << 30U;
constexpr int kAnnouncementsMax = 2;

struct Request {
  std::string command, path, treeish;
  bool can_delay = false;
};

class Session {
 public:
  Session(const FilterSetup& setup, int in, int out) : setup_(setup), reader_(in), writer_(out) {}

  Result<FilterReport> run();

 private:
  struct Delayed {
    Pointer pointer;
    int announced = 0;           // how often git was told that it is available
    std::optional<Error> error;  // its download failed
  };

  Result<void> shake_hands();
  Result<bool> negotiate_capabilities();
  Result<std::optional<Request>> read_request();
  Result<void> serve(const Request& request);

  Result<void> serve_clean(const Request& request);
  Result<void> serve_smudge(const Request& request);
  Result<void> serve_available();

  Result<void> answer_text(std::string_view text);
  Result<void> answer_ordinary(const Request& request, PointerFront front, PktContent& content);
  Result<void> answer_object(const Request& request, const Pointer& pointer,
                             const std::optional<Error>& failed = {});
  void fail(const Request& request, const Pointer& pointer, const Error& error);
  Result<void> finish_failed(const Request& request, const Pointer& pointer, const Error& error);
  Result<std::string> object_of(const Request& request, const Pointer& pointer,
                                const std::optional<Error>& failed);
  std::vector<std::string> announce_finished();

  const FilterSetup& setup_;
  PktReader reader_;
  PktWriter writer_;
  FilterReport report_;
  std::unordered_map<std::string, Delayed> delayed_;
  bool stop_ = false;
};

bool has_line(const std::vector<std::string>& lines, std::string_view wanted) {
  return std::ranges::find(lines, wanted) != lines.end();
}

Error protocol_error(const std::string& text) { return {Errc::invalid, text}; }

Result<void> Session::shake_hands() {
  const std::vector<std::string> hello = TRY(reader_.list());
  if (hello.empty() || hello[0] != "git-filter-client") {
    return protocol_error("invalid filter-process pkt-line welcome message: " +
                          (hello.empty() ? "" : hello[0]));
  }
  if (!has_line(hello, "version=2")) {
    return protocol_error("filter 'version=2' not supported (your Git supports: " +
                          (hello.size() > 1 ? hello[1] : "nothing") + ")");
  }
  TRY(writer_.line("git-filter-server"));
  TRY(writer_.line("version=2"));
  TRY(writer_.flush());
  return writer_.send();
}

Result<bool> Session::negotiate_capabilities() {
  const std::vector<std::string> offered = TRY(reader_.list());
  for (const char* needed : {"capability=clean", "capability=smudge"}) {
    if (has_line(offered, needed)) continue;
    return protocol_error("filter '" + std::string(needed) + "' not supported");
  }
  const bool delay = has_line(offered, "capability=delay");
  TRY(writer_.line("capability=clean"));
  TRY(writer_.line("capability=smudge"));
  if (delay) TRY(writer_.line("capability=delay"));
  TRY(writer_.flush());
  TRY(writer_.send());
  return delay;
}

// Nothing when git has closed the stream.
Result<std::optional<Request>> Session::read_request() {
  Result<std::vector<std::string>> lines = reader_.list();
  if (!lines && lines.error().code() == Errc::cancelled) return std::optional<Request>();
  if (!lines) return lines.error();
  Request request;
  for (const std::string& line : *lines) {
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view key = std::string_view(line).substr(0, equals);
    const std::string value = line.substr(std::min(equals + 1, line.size()));
    if (key == "command") request.command = value;
    if (key == "pathname") request.path = value;
    if (key == "treeish") request.treeish = value;
    if (key == "can-delay") request.can_delay = value == "1";
  }
  return std::optional(std::move(request));
}

Result<FilterReport> Session::run() {
  TRY(shake_hands());
  TRY(negotiate_capabilities());
  while (!stop_) {
    const std::optional<Request> request = TRY(read_request());
    if (!request) break;
    TRY(serve(*request));
    TRY(writer_.send());
  }
  return std::move(report_);
}

Result<void> Session::serve(const Request& request) {
  TRACE(TraceArea::git, "filter: " << request.command << ' ' << request.path);
  if (request.command == "clean") return serve_clean(request);
  if (request.command == "smudge") return serve_smudge(request);
  if (request.command == "list_available_blobs") return serve_available();
  return protocol_error("unknown command \"" + request.command + "\"");
}

Result<void> Session::serve_clean(const Request& request) {
  PktContent content(reader_);
  ProgressFile progress = TRY(ProgressFile::open("clean", request.path, std::nullopt));
  CountedInput input(content, progress);
  const Result<Cleaned> cleaned =
      clean(input, setup_.store, setup_.extensions, request.path, [&]() -> std::optional<ObjectId> {
        return setup_.formerly ? setup_.formerly(request.path) : std::nullopt;
      });
  progress.finish();
  if (!cleaned) return cleaned.error();
  if (cleaned->pointer && cleaned->pointer->size >= kHugeBytes) {
    report_.huge_files.push_back(request.path);
  }
  return answer_text(cleaned->text);
}

// A short content: both statuses and the text.
Result<void> Session::answer_text(std::string_view text) {
  TRY(writer_.status("success"));
  TRY(writer_.write(as_bytes(text)));
  TRY(writer_.flush());
  return writer_.flush();  // an empty list: the status stays as it was
}

Result<void> Session::serve_smudge(const Request& request) {
  PktContent content(reader_);
  PointerFront front = TRY(read_pointer_front(content));
  const auto remembered = delayed_.find(request.path);
  if (front.text.empty() && remembered != delayed_.end() && !request.can_delay) {
    const Delayed delayed = std::move(remembered->second);
    delayed_.erase(remembered);
    return answer_object(request, delayed.pointer, delayed.error);
  }
  if (!front.pointer) return answer_ordinary(request, std::move(front), content);
  TRY(content.drain());
  if (!setup_.rules.wants(request.path)) return answer_text(format_pointer(*front.pointer));
  if (request.can_delay && !setup_.store.find(front.pointer->id())) {
    setup_.downloads.want({front.pointer->id(), request.path}, request.treeish);
    delayed_[request.path] = Delayed{std::move(*front.pointer), 0, {}};
    return writer_.status("delayed");
  }
  return answer_object(request, *front.pointer);
}

// Content that is no pointer goes back as it came. Git reads nothing before it has sent all.
Result<void> Session::answer_ordinary(const Request& request, PointerFront front,
                                      PktContent& content) {
  if (!front.text.empty()) report_.not_pointers.push_back(request.path);
  Spool spool(setup_.store);
  TRY(spool.write(as_bytes(front.text)));
  TRY(copy_stream(content, spool));
  TRY(writer_.status("success"));
  TRY(spool.copy_to(writer_));
  TRY(writer_.flush());
  return writer_.flush();
}

// `failed` tells how its download ended that was delayed.
Result<std::string> Session::object_of(const Request& request, const Pointer& pointer,
                                       const std::optional<Error>& failed) {
  if (auto path = setup_.store.find(pointer.id())) return std::move(*path);
  const TransferJob job{pointer.id(), request.path};
  return failed ? setup_.downloads.fetch_elsewhere(job, *failed) : setup_.downloads.fetch(job);
}

Result<void> Session::answer_object(const Request& request, const Pointer& pointer,
                                    const std::optional<Error>& failed) {
  const Result<std::string> object = object_of(request, pointer, failed);
  TRY(writer_.status("success"));
  if (!object) {
    return finish_failed(request, pointer, download_failure(pointer, request.path, object.error()));
  }
  ProgressFile progress = TRY(ProgressFile::open("download", request.path, pointer.size));
  CountedOutput output(writer_, progress);
  const Result<void> written =
      write_object(pointer, *object, setup_.store, setup_.extensions, request.path, output);
  progress.finish();
  if (!written && output.bytes() == 0) return finish_failed(request, pointer, written.error());
  TRY(writer_.flush());
  if (pointer.size >= kHugeBytes) report_.huge_files.push_back(request.path);
  if (written) return writer_.flush();
  fail(request, pointer, written.error());
  report_.failed = stop_ = true;
  return writer_.status("error");
}

void Session::fail(const Request& request, const Pointer& pointer, const Error& error) {
  setup_.report_failure(smudge_failure(pointer, request.path, error));
}

// After the first status: the pointer's text takes the content's place. Unless that is allowed, the
// session ends here, and git stops the checkout.
Result<void> Session::finish_failed(const Request& request, const Pointer& pointer,
                                    const Error& error) {
  fail(request, pointer, error);
  TRY(writer_.write(as_bytes(format_pointer(pointer))));
  TRY(writer_.flush());
  if (setup_.skip_download_errors) return writer_.flush();
  report_.failed = stop_ = true;
  return writer_.status("error");
}

// The delayed files whose objects have ended since the last call; waits for one.
std::vector<std::string> Session::announce_finished() {
  std::vector<std::string> paths;
  while (paths.empty()) {
    const std::vector<TransferOutcome> outcomes = setup_.downloads.next();
    if (outcomes.empty()) break;
    for (const TransferOutcome& outcome : outcomes) {
      for (const std::string& name : outcome.names) {
        const auto found = delayed_.find(name);
        if (found == delayed_.end() || found->second.announced > 0) continue;
        ++found->second.announced;
        if (!outcome.result) found->second.error = outcome.result.error();
        paths.push_back(name);
      }
    }
  }
  return paths;
}

Result<void> Session::serve_available() {
  std::vector<std::string> paths = announce_finished();
  if (paths.empty()) {
    // Nothing is under way: whatever git has not asked for again, it may have now. It is told so
    // twice at most, or a file that it never asks for would keep both of us here.
    for (auto& [path, delayed] : delayed_) {
      if (++delayed.announced <= kAnnouncementsMax) paths.push_back(path);
    }
    std::ranges::sort(paths);
  }
  for (const std::string& path : paths) TRY(writer_.line("pathname=" + path));
  TRY(writer_.flush());
  return writer_.status("success");
}

}  // namespace

Result<FilterReport> serve_filter(const FilterSetup& setup, int in, int out) {
  return Session(setup, in, out).run();
}

}  // namespace lazylfs::lfs
