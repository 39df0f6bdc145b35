#include "tests/server/git_backend.h"

#include <unistd.h>

#include <array>
#include <memory>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"

namespace lazylfs::server {
namespace {

constexpr std::size_t kHeadBytesMax = 64U << 10U;
constexpr std::size_t kPieceBytes = 64U << 10U;

std::vector<std::string> git_environment() {
  return {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=1",
          "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"};
}

Command cgi_command(const std::string& root, const HttpRequest& request, const Route& route) {
  Command command{.argv = {"git", "http-backend"},
                  .folder = {},
                  .set_environment = git_environment(),
                  .unset_environment = {"GIT_*"}};
  auto& environment = command.set_environment;
  const auto set = [&](const char* name, std::string_view value) {
    if (!value.empty()) environment.push_back(name + std::string("=") + std::string(value));
  };
  set("GIT_PROJECT_ROOT", root);
  set("GIT_HTTP_EXPORT_ALL", "1");
  set("PATH_INFO", "/" + route.repository + ".git" + route.rest);
  set("QUERY_STRING", request.query);
  set("REQUEST_METHOD", request.method);
  set("REMOTE_ADDR", "127.0.0.1");
  set("REMOTE_USER", "test");
  set("CONTENT_TYPE", request.header("Content-Type"));
  set("CONTENT_LENGTH", request.header("Content-Length"));
  set("HTTP_CONTENT_ENCODING", request.header("Content-Encoding"));
  set("GIT_PROTOCOL", request.header("Git-Protocol"));
  return command;
}

Result<std::size_t> read_some(int fd, std::span<std::byte> into) {
  while (true) {
    const ssize_t got = ::read(fd, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return Error::from_errno("read", errno);
  }
}

// The CGI header, and what was read beyond it.
struct CgiHead {
  int status = 200;
  Headers headers;
  std::string rest;
};
Result<CgiHead> read_cgi_head(int fd) {
  std::string text;
  std::array<std::byte, 4096> buffer{};
  std::size_t end = std::string::npos;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const std::size_t got = TRY(read_some(fd, buffer));
    if (got == 0 || text.size() > kHeadBytesMax) {
      return Error(Errc::io, "git http-backend gave no answer");
    }
    for (std::size_t i = 0; i < got; ++i) text.push_back(static_cast<char>(buffer.at(i)));
  }
  CgiHead head;
  head.rest = text.substr(end + 4);
  for (std::string_view line : split(std::string_view(text).substr(0, end), '\n')) {
    const std::string name(trim(take_until(line, ':')));
    if (equals_ignoring_case(name, "Status")) {
      line = trim(line);
      head.status = static_cast<int>(parse_uint(take_until(line, ' ')).value_or(500));
    } else {
      head.headers.emplace_back(name, std::string(trim(line)));
    }
  }
  return head;
}

Result<Response> run_backend(const Command& command, RequestBody& body) {
  // Shared, because std::function must be copyable; only the response holds it.
  auto child = std::make_shared<ChildProcess>(TRY(ChildProcess::start(command)));
  bool child_listens = true;  // it may refuse a request before it has read all of it
  TRY(body.read_all([&](std::span<const std::byte> piece) -> Result<void> {
    child_listens = child_listens && write_all(child->stdin_fd(), piece).has_value();
    return {};
  }));
  child->close_stdin();
  CgiHead head = TRY(read_cgi_head(child->stdout_fd()));
  Response response;
  response.status = head.status;
  response.headers = std::move(head.headers);
  response.body = StreamedBody{
      [child, rest = std::move(head.rest)](const StreamedBody::Take& take) -> Result<void> {
        if (!rest.empty()) TRY(take(as_bytes(rest)));
        std::vector<std::byte> buffer(kPieceBytes);
        while (true) {
          const std::size_t got = TRY(read_some(child->stdout_fd(), buffer));
          if (got == 0) return {};
          TRY(take(std::span<const std::byte>(buffer).first(got)));
        }
      }};
  return response;
}

}  // namespace

Result<void> GitBackend::create(const std::string& name) {
  const std::lock_guard lock(creation_);
  const std::string folder = root_ + "/" + name + ".git";
  if (file_exists(folder + "/HEAD")) return {};
  TRY(make_folders(parent_path(folder)));
  const auto git = [&](std::vector<std::string> arguments) {
    Command command{.argv = {"git"},
                    .folder = {},
                    .set_environment = git_environment(),
                    .unset_environment = {"GIT_*"}};
    for (std::string& argument : arguments) command.argv.push_back(std::move(argument));
    return run_command_checked(command);
  };
  TRY(git({"init", "-q", "--bare", "-b", "main", folder}));
  for (const char* key :
       {"http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"}) {
    TRY(git({"-C", folder, "config", key, "true"}));
  }
  return {};
}

Response GitBackend::handle(const HttpRequest& request, const Route& route, RequestBody& body) {
  if (route.repository.find("..") != std::string::npos) return Response::error(404, "no such path");
  if (request.parameter("service") == "git-receive-pack") {
    if (const Result<void> created = create(route.repository); !created) {
      return Response::error(500, created.error().message());
    }
  }
  if (!file_exists(root_ + "/" + route.repository + ".git/HEAD")) {
    return Response::text(404, "text/plain", "no such repository\n");
  }
  Result<Response> response = run_backend(cgi_command(root_, request, route), body);
  return response ? std::move(*response) : Response::error(500, response.error().message());
}

}  // namespace lazylfs::server
