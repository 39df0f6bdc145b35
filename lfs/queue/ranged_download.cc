// The rest of the object is cut into pieces. Each connection takes the next piece, receives it into
// memory and hands it in; the caller's thread appends pieces to the file in their order. So the
// file is always a beginning of the object: hashed as it grows, and continued by any client after a
// crash. A window keeps the connections from running ahead of a slow piece.
//
// The first piece's answer decides: 206 with the right range starts the other connections; 200 is
// the whole object, which then goes straight into the file.
//
// What a connection that breaks still owed of its piece is asked for again, and the others go on.
#include "lfs/queue/ranged_download.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

enum class Mode { unknown, ranges, whole };

class RangedDownload {
 public:
  RangedDownload(ApiClient& client, const Action& action, const TransferTask& task,
                 PartialFile& file, const RangePlan& plan, const std::atomic<bool>& stopped)
      : client_(client),
        action_(action),
        task_(task),
        file_(file),
        plan_(plan),
        stopped_(stopped),
        start_(file.resume_from()),
        pieces_((task.id.size - start_ + plan.piece_bytes - 1) / plan.piece_bytes) {}

  RangedEnd run() {
    if (start_ == 0 && file_.bytes() > 0) {
      tell(-static_cast<std::int64_t>(file_.bytes()));
      if (const Result<void> empty = file_.restart(); !empty) {
        return {false, false, Attempt::failed(empty.error())};
      }
    }
    std::vector<std::thread> threads;
    const std::size_t connections = std::min<std::uint64_t>(plan_.connections, pieces_);
    for (std::size_t i = 0; i < connections; ++i) {
      threads.emplace_back([this, i] { receive(i == 0); });
    }
    append_in_order();
    for (std::thread& thread : threads) thread.join();
    append_rest();
    RangedEnd end;
    end.misled = misled_;
    if (failure_) {
      end.attempt = std::move(*failure_);
    } else {
      end.complete = true;
    }
    return end;
  }

 private:
  // The body of one answer. Called on the engine's thread.
  class Sink final : public ResponseSink {
   public:
    Sink(RangedDownload& download, ByteRange range, bool decides)
        : download_(download), range_(range), decides_(decides) {}

    // What is to be asked for.
    ByteRange missing() const {
      return {range_.offset + piece_.size(), range_.length - piece_.size()};
    }

    Result<void> begin(const HttpHead& head) override {
      const std::string expected = "bytes " + std::to_string(missing().offset) + "-";
      const bool decides = std::exchange(decides_, false);
      if (head.status == 206 && head.header("Content-Range").starts_with(expected)) {
        piece_.reserve(range_.length);
        if (decides) download_.decide(Mode::ranges);
        return {};
      }
      if (head.status != 206 && decides) {
        whole_ = true;
        download_.tell(-static_cast<std::int64_t>(download_.file_.bytes()));
        TRY(download_.file_.restart());
        download_.decide(Mode::whole);
        return {};
      }
      download_.misled_ = true;
      return Error(Errc::transient, "the server sent another range than it was asked for");
    }
    Result<void> data(std::span<const std::byte> bytes) override {
      if (download_.gives_up()) return Error(Errc::cancelled, "stopped");
      if (whole_) {
        TRY(download_.file_.append(bytes));
        download_.tell(static_cast<std::int64_t>(bytes.size()));
        return {};
      }
      if (bytes.size() > missing().length) {
        download_.misled_ = true;
        return Error(Errc::transient, "the server sent more than it was asked for");
      }
      piece_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return {};
    }
    std::string& piece() { return piece_; }
    bool is_complete() const { return whole_ || missing().length == 0; }

   private:
    RangedDownload& download_;
    const ByteRange range_;
    bool decides_;  // the next answer, on the mode
    bool whole_ = false;
    std::string piece_;
  };

  bool gives_up() const { return stopped_ || failed_; }
  void tell(std::int64_t bytes) const {
    if (bytes != 0 && task_.progress) task_.progress(bytes);
  }

  void decide(Mode mode) {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
    changed_.notify_all();
  }

  // The next piece to ask for; nothing when there is nothing more to do.
  std::optional<std::uint64_t> take_piece(bool first) {
    std::unique_lock lock(mutex_);
    if (first && next_piece_ == 0) return next_piece_++;
    changed_.wait(lock, [this] {
      const bool known = mode_ == Mode::whole || next_piece_ >= pieces_ || gives_up();
      return known ||
             (mode_ == Mode::ranges && next_piece_ < appended_ + plan_.connections + kPiecesAhead);
    });
    if (mode_ == Mode::whole || next_piece_ >= pieces_ || gives_up()) return std::nullopt;
    return next_piece_++;
  }

  // What each connection's thread does.
  void receive(bool first) {
    while (const auto piece = take_piece(first)) receive_piece(*piece);
    const std::lock_guard lock(mutex_);
    if (first) first_has_ended_ = true;
    changed_.notify_all();
  }

  void receive_piece(std::uint64_t index) {
    const std::uint64_t offset = start_ + index * plan_.piece_bytes;
    const ByteRange range{offset, std::min(plan_.piece_bytes, task_.id.size - offset)};
    Sink sink(*this, range, index == 0);
    Result<ApiResponse> response = ask(sink);
    for (int breaks = 0; breaks < kBreaksMax && broke(response, sink); ++breaks) {
      response = ask(sink);
    }
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = failure_of(response, sink);
    failed_ = failure_.has_value();
    received_.emplace(index, std::move(sink.piece()));
    changed_.notify_all();
  }

  // Asks for what `sink` lacks.
  Result<ApiResponse> ask(Sink& sink) {
    StorageCall call;
    call.action = action_;
    call.sink = &sink;
    call.dress = [&](HttpRequest& request) { request.range = sink.missing(); };
    return send_to_storage(client_, call);
  }

  // Whether it is worth asking again at once: the storage was willing, the connection ended.
  bool broke(const Result<ApiResponse>& response, const Sink& sink) const {
    if (sink.is_complete() || misled_ || gives_up()) return false;
    return response ? response->is_success() : response.error().code() == Errc::transient;
  }

  static std::optional<Attempt> failure_of(const Result<ApiResponse>& response, const Sink& sink) {
    if (!response) return broken_exchange(response.error());
    if (!response->is_success()) return refused_by_storage(*response);
    if (sink.is_complete()) return std::nullopt;
    return Attempt::passing(Error(Errc::transient, "the answer ended too early"));
  }

  void append_in_order() {
    std::unique_lock lock(mutex_);
    while (appended_ < pieces_ && !gives_up()) {
      changed_.wait(lock, [this] {
        return gives_up() || received_.contains(appended_) ||
               (mode_ == Mode::whole && first_has_ended_);
      });
      if (gives_up() || mode_ == Mode::whole) return;
      const std::string piece = std::move(received_.extract(appended_).mapped());
      lock.unlock();
      const bool kept = append(piece);
      lock.lock();
      if (!kept) return;
      ++appended_;
      changed_.notify_all();
    }
  }

  // After a failure: what came after all, up to the first gap, so that the next attempt has less to
  // do. All threads have ended.
  void append_rest() {
    if (mode_ == Mode::whole) return;
    if (stopped_ && !failure_) failure_ = Attempt::failed(Error(Errc::cancelled, "stopped"));
    for (auto next = received_.find(appended_); next != received_.end();
         next = received_.find(++appended_)) {
      const bool whole = next->second.size() == plan_.piece_bytes;
      if (!append(next->second) || !whole) return;
    }
  }

  bool append(const std::string& piece) {
    const Result<void> written = file_.append(as_bytes(piece));
    if (written) {
      tell(static_cast<std::int64_t>(piece.size()));
      return true;
    }
    const std::lock_guard lock(mutex_);
    failed_ = true;
    failure_ = Attempt::failed(written.error());
    changed_.notify_all();
    return false;
  }

  static constexpr std::uint64_t kPiecesAhead = 2;
  static constexpr int kBreaksMax = 3;  // of one piece; then the queue's rules of retry apply

  ApiClient& client_;
  const Action& action_;
  const TransferTask& task_;
  PartialFile& file_;  // of the engine's thread while mode_ is whole, else of the caller's
  const RangePlan plan_;
  const std::atomic<bool>& stopped_;
  const std::uint64_t start_, pieces_;
  std::atomic<bool> failed_{false}, misled_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  Mode mode_ = Mode::unknown;
  bool first_has_ended_ = false;
  std::uint64_t next_piece_ = 0, appended_ = 0;
  std::map<std::uint64_t, std::string> received_;
  std::optional<Attempt> failure_;
};

}  // namespace

RangedEnd download_in_ranges(ApiClient& client, const Action& action, const TransferTask& task,
                             PartialFile& file, const RangePlan& plan,
                             const std::atomic<bool>& stopped) {
  TRACE(TraceArea::transfer, "xfer: downloading \"" << task.id.oid.hex() << "\" over "
                                                    << plan.connections << " connections");
  return RangedDownload(client, action, task, file, plan, stopped).run();
}

}  // namespace lazylfs::lfs
