#include "lfs/queue/custom_adapter.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "lfs/api/batch.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/agent_reply.h"
#include "lfs/queue/partial_file.h"

namespace lazylfs::lfs {
namespace {

constexpr std::chrono::seconds kGrace{30};

// For the shell that reads lfs.customtransfer.<name>.args as its own words.
std::string quoted(const std::string& path) {
  std::string result = "'";
  for (const char c : path) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

// One running program. Its stderr goes into the trace.
struct CustomAdapter::Agent {
  Agent(ChildProcess started, std::string shown, Fd errors, std::chrono::seconds silence)
      : process(std::move(started)),
        program(std::move(shown)),
        lines(process.stdout_fd(), silence),
        stderr_end(std::move(errors)) {
    if (!stderr_end) return;
    listener = std::thread([this] { listen(); });
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  ~Agent() {
    process.wait(kGrace);
    ended = true;
    if (listener.joinable()) listener.join();
  }
  // Not to the end of the pipe: a program that the agent left behind may hold it open.
  void listen() {
    std::array<char, 4096> buffer{};
    std::string unread;
    while (true) {
      pollfd readable{stderr_end.get(), POLLIN, 0};
      if (::poll(&readable, 1, 50) == 0) {
        if (ended) return;
        continue;
      }
      const ssize_t got = ::read(stderr_end.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got > 0) unread.append(buffer.data(), static_cast<std::size_t>(got));
      std::string_view rest = unread;
      while (rest.find('\n') != std::string_view::npos ||
             (!rest.empty() && (got <= 0 || rest.size() > LineReader::kLineBytesMax))) {
        TRACE(TraceArea::transfer, "xfer[" << program << "]: " << take_until(rest, '\n'));
      }
      unread = std::string(rest);
      if (got <= 0) return;
    }
  }
  Result<void> say(const Json& message) {
    return write_all(process.stdin_fd(), dump_json(message) + "\n");
  }

  ChildProcess process;
  const std::string program;
  LineReader lines;
  Fd stderr_end;
  std::atomic<bool> ended{false};
  std::thread listener;
};

CustomAdapter::CustomAdapter(const ObjectStore& store, Options options)
    : store_(store), options_(std::move(options)) {
  ::signal(SIGPIPE, SIG_IGN);  // an agent may end before it has read what we say
}

CustomAdapter::~CustomAdapter() {
  std::vector<std::unique_ptr<Agent>> agents = std::exchange(state_.lock()->agents, {});
  for (const auto& agent : agents) {
    if (agent) (void)agent->say({{"event", "terminate"}}).has_value();
  }
}

void CustomAdapter::stop() {
  auto state = state_.lock();
  if (std::exchange(state->stopped, true)) return;
  TRACE(TraceArea::transfer, "xfer: Aborting worker process");
  for (const auto& agent : state->agents) {
    if (agent && agent->process.pid() > 0) ::kill(agent->process.pid(), SIGTERM);
  }
}

Result<CustomAdapter::Agent*> CustomAdapter::agent_of(std::size_t worker) {
  {
    auto state = state_.lock();
    if (state->stopped) return Error(Errc::cancelled, "stopped");
    if (worker < state->agents.size() && state->agents[worker]) {
      return state->agents[worker].get();
    }
  }
  std::unique_ptr<Agent> started = TRY(start_agent());
  auto state = state_.lock();
  if (state->agents.size() <= worker) state->agents.resize(worker + 1);
  state->agents[worker] = std::move(started);
  return state->agents[worker].get();
}

Result<std::unique_ptr<CustomAdapter::Agent>> CustomAdapter::start_agent() const {
  const AgentSettings& settings = options_.agent;
  Command command;
  const std::string line =
      "exec " + quoted(settings.path) + (settings.args.empty() ? "" : " " + settings.args);
  command.argv = {"sh", "-c", line};
  Pipe errors;
  if (trace_enabled(TraceArea::transfer)) {
    errors = TRY(make_pipe());
  } else {
    errors.write_end = TRY(open_file("/dev/null", O_WRONLY));
  }
  TRACE(TraceArea::general, "exec: sh '-c' '" << line << "'");
  ChildProcess process =
      TRY_CONTEXT("failed to start custom transfer command " + go_quoted(settings.path),
                  ChildProcess::start(command, errors.write_end.get()));
  TRACE(TraceArea::transfer, "xfer: started custom adapter process \""
                                 << settings.path << "\" for worker, pid " << process.pid());
  auto agent = std::make_unique<Agent>(std::move(process), base_name(settings.path),
                                       std::move(errors.read_end), options_.silence_max);
  errors.write_end.reset();
  Json init;
  init["event"] = "init";
  init["operation"] = options_.operation == Operation::download ? "download" : "upload";
  init["remote"] = options_.remote;
  init["concurrent"] = settings.concurrent;
  init["concurrenttransfers"] = options_.concurrent_transfers;
  const Result<void> said = agent->say(init);
  Result<std::string> answer = said ? agent->lines.next() : said.error();
  if (!answer) {
    TRACE(TraceArea::transfer, "xfer: Aborting worker process");
    ::kill(agent->process.pid(), SIGTERM);
    return answer.error().with_context("failed to start custom transfer command " +
                                       go_quoted(settings.path));
  }
  const Json reply =
      TRY_CONTEXT("custom transfer agent " + go_quoted(settings.name), parse_json(*answer));
  if (const Json* error = json_object(reply, "error"); error != nullptr) {
    return agent_error(*error).with_context("initializing custom adapter " +
                                            go_quoted(settings.name));
  }
  return agent;
}

void CustomAdapter::drop(std::size_t worker) {
  std::unique_ptr<Agent> dropped;
  auto state = state_.lock();
  if (worker < state->agents.size()) dropped = std::move(state->agents[worker]);
  if (!dropped || dropped->process.pid() <= 0) return;
  TRACE(TraceArea::transfer, "xfer: Aborting worker process");
  ::kill(dropped->process.pid(), SIGTERM);
}

// Returns the path of what was downloaded.
Result<std::string> CustomAdapter::talk(Agent& agent, const TransferTask& task) {
  const bool upload = options_.operation == Operation::upload;
  Json message;
  message["event"] = upload ? "upload" : "download";
  message["oid"] = task.id.oid.hex();
  message["size"] = task.id.size;
  if (upload) message["path"] = task.local_path;
  const Json* action = find_action(task.entry, upload ? "upload" : "download");
  message["action"] = action != nullptr && !options_.standalone ? *action : Json();
  TRY(agent.say(message));
  while (true) {
    const std::string line = TRY(agent.lines.next());
    const AgentReply reply = TRY(parse_agent_reply(line, task.id.oid, options_.agent.name));
    if (!reply.complete) {
      if (reply.new_bytes != 0 && task.progress) task.progress(reply.new_bytes);
      continue;
    }
    if (reply.error) {
      // The agent is well; only this object is not.
      return Error(Errc::invalid, "error transferring " + go_quoted(task.id.oid.hex()) + ": " +
                                      reply.error->message());
    }
    return reply.path;
  }
}

Result<void> CustomAdapter::take_download(const TransferTask& task, const std::string& path) {
  if (path.empty()) return Error(Errc::corrupt, "the custom transfer agent named no file");
  TRY(check_content(path, task.id));
  if (store_.move_in(path, task.id)) return {};
  // On another file system.
  TRY(store_.take_in(path, task.id, false));
  ::unlink(path.c_str());
  return {};
}

Attempt CustomAdapter::move(const TransferTask& task, std::size_t worker) {
  const Result<Agent*> agent = agent_of(worker);
  if (!agent) return Attempt::failed(agent.error());
  const Result<std::string> path = talk(**agent, task);
  if (!path) {
    if (path.error().code() != Errc::invalid) drop(worker);
    const bool ended = path.error().code() == Errc::not_found;
    if (path.error().code() == Errc::timed_out) {
      return Attempt::failed(
          path.error().with_context("custom transfer agent " + go_quoted(options_.agent.name)));
    }
    return Attempt::failed(ended ? Error(Errc::io, "custom transfer agent " +
                                                       go_quoted(options_.agent.name) +
                                                       " ended unexpectedly")
                                 : path.error());
  }
  if (options_.operation == Operation::download) {
    const Result<void> taken = take_download(task, *path);
    return taken ? Attempt::done() : Attempt::failed(taken.error());
  }
  if (options_.client != nullptr && !options_.standalone) {
    const Result<void> verified =
        verify_upload(*options_.client, task.entry, task.id, options_.verifies_max);
    if (!verified) return Attempt::failed(verified.error());
  }
  return Attempt::done();
}

}  // namespace lazylfs::lfs
