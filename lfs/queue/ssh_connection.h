// Connections to git-lfs-transfer: pkt-lines through ssh, version 1 of the protocol.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lfs/api/endpoint.h"
#include "lfs/base/fd.h"
#include "lfs/base/guarded.h"
#include "lfs/base/process.h"
#include "lfs/base/result.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

// What is said to the server: a command with arguments ("key=value"), then lines or data.
struct SshRequest {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::string> lines;
  // put-object's content: fills the buffer, returns the bytes; 0 at the end. Empty: no data.
  std::function<Result<std::size_t>(std::span<std::byte>)> data;
};

struct SshReply {
  int status = 0;
  std::vector<std::string> arguments;
  std::vector<std::string> lines;  // for an error: the server's message

  bool is_success() const { return status >= 200 && status < 300; }
  std::string message() const;
  // The value of the argument `key`; empty when absent.
  std::string_view argument(std::string_view key) const;
};

// One ssh with one git-lfs-transfer behind it. Thread-compatible, but for kill().
class SshConnection {
 public:
  // Errc::unsupported when the server does not speak the protocol. After `silence_max` without a
  // word from it (zero: no limit), calls end with Errc::timed_out.
  static Result<std::unique_ptr<SshConnection>> open(const Command& command,
                                                     std::chrono::seconds silence_max);
  SshConnection(const SshConnection&) = delete;
  SshConnection& operator=(const SshConnection&) = delete;
  ~SshConnection();  // says "quit"

  // An Error means that the connection is of no more use. With `take` the content of a success
  // goes there instead of into lines.
  using Take = std::function<Result<void>(std::span<const std::byte>)>;
  Result<SshReply> call(const SshRequest& request, const Take& take = {});
  void kill();

 private:
  struct Packet {
    enum class Kind { text, flush, delimiter } kind = Kind::flush;
    std::span<const std::byte> data;
  };
  SshConnection(ChildProcess process, Fd errors);
  Result<void> greet();
  Result<Packet> next_packet();
  Result<std::vector<std::string>> lines_until_end(bool& delimited);
  Result<void> send(std::string_view text, bool is_line = true);
  Result<void> send_data(const SshRequest& request);
  Result<void> send_unsent();
  Result<void> end_of_request();
  std::string told() const;

  ChildProcess process_;
  std::vector<std::byte> unread_;
  std::size_t read_from_ = 0;
  std::string unsent_;
  Fd errors_;
  Guarded<std::string> error_text_;  // ssh's stderr, its end
  std::thread listener_;
  std::atomic<bool> ended_{false};
  std::chrono::seconds silence_max_{0};
  bool broken_ = false;
};

// The connections to one repository for one operation. Thread-safe.
class SshPool {
 public:
  struct Options {
    SshTarget target;
    Operation operation = Operation::download;
    std::size_t connections_max = 8;
  };
  // `config` must outlive it.
  SshPool(const Config& config, Options options);
  SshPool(const SshPool&) = delete;
  SshPool& operator=(const SshPool&) = delete;
  ~SshPool();

  // A connection for the caller alone, handed back when the guard goes. Waits while all are busy.
  class Loan {
   public:
    Loan(SshPool& pool, std::unique_ptr<SshConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&&) = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (pool_ != nullptr && connection_) pool_->give_back(std::move(connection_));
    }
    SshConnection& operator*() { return *connection_; }
    SshConnection* operator->() { return connection_.get(); }
    // It failed: the next caller gets a new one.
    void discard();

   private:
    SshPool* pool_;
    std::unique_ptr<SshConnection> connection_;
  };
  Result<Loan> borrow();
  // borrow() and call().
  Result<SshReply> call(const SshRequest& request);
  std::size_t connections_max() const { return options_.connections_max; }
  void stop();

 private:
  struct State {
    std::vector<std::unique_ptr<SshConnection>> idle;
    std::vector<SshConnection*> lent;
    SshConnection* master = nullptr;  // the first that was opened
    std::size_t open = 0;
    bool opened_first = false;
    bool stopped = false;
  };
  void give_back(std::unique_ptr<SshConnection> connection);
  void forget(SshConnection* connection);
  Result<Command> command(bool first);

  const Config& config_;
  const Options options_;
  std::string control_folder_;  // of the shared ssh connection; empty: none
  Guarded<State> state_;
  std::condition_variable changed_;
};

}  // namespace lazylfs::lfs
