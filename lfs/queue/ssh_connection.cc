// A message is a list of pkt-lines: a command or status, arguments, and after a delimiter lines or
// data, ended by a flush. The first connection is ssh's ControlMaster, so that the others need no
// handshake of their own.
#include "lfs/queue/ssh_connection.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <stdlib.h>

#include "lfs/api/ssh_authenticate.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/silence.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kPacketBytesMax = 65520;  // with its length
constexpr std::size_t kDataBytes = 32768;       // of ours in one packet
constexpr std::size_t kUnsentBytesMax = 65536;
constexpr std::size_t kLinesMax = 200000;
constexpr std::size_t kErrorBytesMax = 4096;
constexpr std::string_view kFlush = "0000";
constexpr std::string_view kDelimiter = "0001";

std::string length_prefix(std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(4, '0');
  for (std::size_t i = 0; i < 4; ++i) text[3 - i] = kDigits[(bytes >> (4 * i)) & 15U];
  return text;
}

std::optional<std::size_t> parse_length(std::string_view text) {
  std::size_t length = 0;
  for (const char c : to_lower(text)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    length = length * 16 + static_cast<std::size_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return length;
}

std::string_view text_of(std::span<const std::byte> data) {
  std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

std::string runtime_folder() {
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    if (std::string folder = env_or_empty(name); !folder.empty()) return folder;
  }
  return "/tmp";
}

}  // namespace

std::string SshReply::message() const {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text.substr(0, kErrorBytesMax);
}

std::string_view SshReply::argument(std::string_view key) const {
  for (const std::string& argument : arguments) {
    std::string_view rest = argument;
    if (take_until(rest, '=') == key) return rest;
  }
  return {};
}

SshConnection::SshConnection(ChildProcess process, Fd errors)
    : process_(std::move(process)), errors_(std::move(errors)) {
  listener_ = std::thread([this] {
    std::array<char, 1024> buffer{};
    // Not to its end: a program that ssh left behind may hold the pipe open.
    while (true) {
      pollfd readable{errors_.get(), POLLIN, 0};
      if (::poll(&readable, 1, 50) == 0) {
        if (ended_) return;
        continue;
      }
      const ssize_t got = ::read(errors_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;
      auto text = error_text_.lock();
      text->append(buffer.data(), static_cast<std::size_t>(got));
      if (text->size() > kErrorBytesMax) text->erase(0, text->size() - kErrorBytesMax);
    }
  });
}

SshConnection::~SshConnection() {
  TRACE(TraceArea::general, "terminating pure SSH connection");
  if (!broken_) {
    SshRequest quit;
    quit.command = "quit";
    (void)call(quit).has_value();
  }
  process_.wait(std::chrono::seconds(broken_ ? 1 : 10));
  ended_ = true;
  listener_.join();
}

void SshConnection::kill() {
  if (process_.pid() > 0) ::kill(process_.pid(), SIGTERM);
}

Result<std::unique_ptr<SshConnection>> SshConnection::open(const Command& command,
                                                           std::chrono::seconds silence_max) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe errors = TRY(make_pipe());
  TRACE(TraceArea::general, "spawning pure SSH connection");
  ChildProcess process = TRY(ChildProcess::start(command, errors.write_end.get()));
  errors.write_end.reset();
  TRY(never_block(process.stdin_fd()));
  std::unique_ptr<SshConnection> connection(
      new SshConnection(std::move(process), std::move(errors.read_end)));
  connection->silence_max_ = silence_max;
  const Result<void> greeted = connection->greet();
  if (!greeted) {
    connection->broken_ = true;
    connection->process_.wait(std::chrono::seconds(1));  // all that it says is then in told()
    const std::string told = connection->told();
    const bool silent = greeted.error().code() == Errc::timed_out;
    return Error(silent ? Errc::timed_out : Errc::unsupported,
                 greeted.error().message() + (told.empty() ? "" : ": " + told));
  }
  TRACE(TraceArea::general, "pure SSH connection successful");
  return connection;
}

std::string SshConnection::told() const { return std::string(trim(*error_text_.lock())); }

Result<void> SshConnection::greet() {
  bool delimited = false;
  const std::vector<std::string> capabilities = TRY(lines_until_end(delimited));
  if (std::find(capabilities.begin(), capabilities.end(), "version=1") == capabilities.end()) {
    return Error(Errc::unsupported, "the server does not speak version 1 of git-lfs-transfer");
  }
  SshRequest version;
  version.command = "version 1";
  const SshReply reply = TRY(call(version));
  if (!reply.is_success()) {
    return Error(Errc::unsupported, "git-lfs-transfer refuses version 1: " + reply.message());
  }
  return {};
}

Result<SshConnection::Packet> SshConnection::next_packet() {
  const auto need = [this](std::size_t bytes) -> Result<void> {
    while (unread_.size() - read_from_ < bytes) {
      unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(read_from_));
      read_from_ = 0;
      const std::size_t have = unread_.size();
      unread_.resize(have + 2 * kPacketBytesMax);
      if (const Result<void> spoke = wait_for_words(process_.stdout_fd(), silence_max_); !spoke) {
        return spoke.error().with_context("ssh");
      }
      const ssize_t got =
          ::read(process_.stdout_fd(), unread_.data() + have, unread_.size() - have);
      const int failed = errno;
      unread_.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got < 0 && failed == EINTR) continue;
      if (got < 0) return Error::from_errno("read from ssh", failed);
      if (got == 0) return Error(Errc::transient, "the ssh connection has ended");
    }
    return {};
  };
  TRY(need(4));
  const char* start = reinterpret_cast<const char*>(unread_.data() + read_from_);
  const auto length = parse_length(std::string_view(start, 4));
  if (!length || *length > kPacketBytesMax || *length == 2 || *length == 3) {
    return Error(Errc::corrupt, "the server sent no pkt-line");
  }
  Packet packet;
  if (*length < 4) {
    read_from_ += 4;
    packet.kind = *length == 0 ? Packet::Kind::flush : Packet::Kind::delimiter;
    return packet;
  }
  TRY(need(*length));
  packet.kind = Packet::Kind::text;
  packet.data = std::span<const std::byte>(unread_).subspan(read_from_ + 4, *length - 4);
  read_from_ += *length;
  return packet;
}

// Lines up to the flush or delimiter.
Result<std::vector<std::string>> SshConnection::lines_until_end(bool& delimited) {
  std::vector<std::string> lines;
  while (true) {
    const Packet packet = TRY(next_packet());
    delimited = packet.kind == Packet::Kind::delimiter;
    if (packet.kind != Packet::Kind::text) return lines;
    if (lines.size() >= kLinesMax) return Error(Errc::corrupt, "the server says too much");
    lines.emplace_back(text_of(packet.data));
  }
}

Result<void> SshConnection::send(std::string_view text, bool is_line) {
  if (text.size() + 5 > kPacketBytesMax) return Error(Errc::invalid, "a line is too long for ssh");
  unsent_ += length_prefix(text.size() + (is_line ? 5 : 4));
  unsent_ += text;
  if (is_line) unsent_ += '\n';
  if (unsent_.size() < kUnsentBytesMax) return {};
  return send_unsent();
}

Result<void> SshConnection::send_unsent() {
  const Result<void> sent =
      say_words(process_.stdin_fd(), std::exchange(unsent_, {}), silence_max_);
  if (!sent) return sent.error().with_context("ssh");
  return {};
}

Result<void> SshConnection::send_data(const SshRequest& request) {
  std::vector<std::byte> buffer(kDataBytes);
  while (true) {
    const std::size_t got = TRY(request.data(buffer));
    if (got == 0) return {};
    TRY(send(std::string_view(reinterpret_cast<const char*>(buffer.data()), got), false));
  }
}

Result<void> SshConnection::end_of_request() {
  unsent_ += kFlush;
  return send_unsent();
}

Result<SshReply> SshConnection::call(const SshRequest& request, const Take& take) {
  broken_ = true;  // until the reply is complete
  TRY(send(request.command));
  for (const std::string& argument : request.arguments) TRY(send(argument));
  if (!request.lines.empty() || request.data) {
    unsent_ += kDelimiter;
    for (const std::string& line : request.lines) TRY(send(line));
    if (request.data) TRY(send_data(request));
  }
  TRY(end_of_request());

  SshReply reply;
  bool delimited = false;
  std::vector<std::string> head = TRY(lines_until_end(delimited));
  std::string_view status = head.empty() ? std::string_view() : std::string_view(head.front());
  if (take_until(status, ' ') != "status") {
    return Error(Errc::corrupt, "git-lfs-transfer sent no status");
  }
  reply.status = static_cast<int>(parse_int(status.substr(0, 3)).value_or(0));
  reply.arguments.assign(head.begin() + 1, head.end());
  while (delimited) {
    const Packet packet = TRY(next_packet());
    if (packet.kind == Packet::Kind::flush) break;
    if (packet.kind == Packet::Kind::delimiter) continue;
    if (take && reply.is_success()) {
      TRY(take(packet.data));
      continue;
    }
    if (reply.lines.size() >= kLinesMax) return Error(Errc::corrupt, "the server says too much");
    reply.lines.emplace_back(text_of(packet.data));
  }
  broken_ = false;
  return reply;
}

SshPool::SshPool(const Config& config, Options options)
    : config_(config), options_(std::move(options)) {
  if (!config.get_bool("lfs.ssh.automultiplex", true)) return;
  std::string name = runtime_folder() + "/lazylfs-ssh-XXXXXX";
  if (::mkdtemp(name.data()) != nullptr) control_folder_ = name;
}

SshPool::~SshPool() {
  {
    // The others live within their master's connection: it ends when they have ended.
    auto state = state_.lock();
    SshConnection* const master = state->master;
    std::erase_if(state->idle, [&](const auto& connection) { return connection.get() != master; });
    state->idle.clear();
  }
  if (control_folder_.empty()) return;
  ::unlink((control_folder_ + "/lfs.sock").c_str());
  ::rmdir(control_folder_.c_str());
}

Result<Command> SshPool::command(bool first) {
  const std::string remote_command =
      TRY(remote_program_command("git-lfs-transfer", options_.target, options_.operation));
  std::vector<std::string> extra;
  if (!control_folder_.empty()) {
    extra = {std::string("-oControlMaster=") + (first ? "yes" : "no"),
             "-oControlPath=" + control_folder_ + "/lfs.sock"};
  }
  Command command = TRY(ssh_command(config_, options_.target, remote_command, extra));
  trace_command(command);
  return command;
}

Result<SshPool::Loan> SshPool::borrow() {
  bool first = false;
  {
    auto state = state_.lock();
    changed_.wait(state.mutex_lock(), [&] {
      return state->stopped || !state->idle.empty() || state->open < options_.connections_max;
    });
    if (state->stopped) return Error(Errc::cancelled, "stopped");
    if (!state->idle.empty()) {
      std::unique_ptr<SshConnection> connection = std::move(state->idle.back());
      state->idle.pop_back();
      state->lent.push_back(connection.get());
      return Loan(*this, std::move(connection));
    }
    ++state->open;
    first = !std::exchange(state->opened_first, true);
  }
  const Result<Command> how = command(first);
  Result<std::unique_ptr<SshConnection>> connection =
      how ? SshConnection::open(*how, silence_max(config_))
          : Result<std::unique_ptr<SshConnection>>(how.error());
  auto state = state_.lock();
  if (!connection) {
    --state->open;
    changed_.notify_one();
    return connection.error();
  }
  state->lent.push_back(connection->get());
  if (first) state->master = connection->get();
  if (state->stopped) (*connection)->kill();
  return Loan(*this, std::move(*connection));
}

void SshPool::forget(SshConnection* connection) {
  auto state = state_.lock();
  std::erase(state->lent, connection);
  --state->open;
  changed_.notify_one();
}

void SshPool::give_back(std::unique_ptr<SshConnection> connection) {
  auto state = state_.lock();
  std::erase(state->lent, connection.get());
  state->idle.push_back(std::move(connection));
  changed_.notify_one();
}

void SshPool::Loan::discard() {
  if (connection_) pool_->forget(connection_.get());
  connection_.reset();
}

Result<SshReply> SshPool::call(const SshRequest& request) {
  Loan loan = TRY(borrow());
  Result<SshReply> reply = loan->call(request);
  if (!reply) loan.discard();
  return reply;
}

void SshPool::stop() {
  auto state = state_.lock();
  state->stopped = true;
  for (SshConnection* connection : state->lent) connection->kill();
  changed_.notify_all();
}

}  // namespace lazylfs::lfs
