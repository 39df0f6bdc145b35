// The bundled LFS server: see server.h for what tests can order, options.cc for its options.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

#include "lfs/base/files.h"
#include "tests/server/certificate.h"
#include "tests/server/listener.h"
#include "tests/server/server.h"

namespace lazylfs::server {
namespace {

Result<void> run(const Options& options, const sigset_t& signals) {
  TRY(make_folders(options.root));
  TlsContext tls;
  const std::string ca = options.root + "/ca.pem";
  if (options.tls) tls = TRY(make_tls_context(ca));
  const Listener api = TRY(Listener::open(options.port));
  const Listener storage = TRY(Listener::open(options.storage_port));
  const std::string base = options.tls ? "https://127.0.0.1:" : "http://127.0.0.1:";
  const Origins origins{.api = base + std::to_string(api.port),
                        .storage = base + std::to_string(storage.port),
                        .api_port = api.port,
                        .storage_port = storage.port};
  Server server(options, origins);
  for (const Listener* listener : {&api, &storage}) {
    const auto serve = [&server, port = listener->port](Stream& stream) {
      server.statistics().connection();
      serve_connection(stream, port, server, server.rate());
    };
    std::thread([listener, serve, context = tls.get()] {
      accept_connections(*listener, context, serve);
    }).detach();
  }
  std::printf("listening %s\n", origins.api.c_str());
  std::printf("storage %s\n", origins.storage.c_str());
  if (options.tls) std::printf("ca %s\n", ca.c_str());
  for (const SyntheticObject& object : options.synthetic) {
    const ObjectId id = server.store().add_synthetic(object.size, object.seed);
    std::printf("synthetic %s %llu\n", id.oid.hex().c_str(),
                static_cast<unsigned long long>(id.size));
  }
  std::fflush(stdout);
  if (!options.port_file.empty()) {
    TRY(write_file_atomically(options.port_file, origins.api + "\n"));
  }
  int signal = 0;
  sigwait(&signals, &signal);
  // Connections are served by detached threads that use `server`: nothing may be destroyed.
  std::_Exit(0);
}

// Tests look for leaked passwords in the list of processes: the server's own must not be there.
void hide_passwords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const bool user = std::string_view(argv[i - 1]) == "--user";
    char* text = argv[i];
    if (!user && !std::string_view(text).starts_with("--user=")) continue;
    char* password = std::strchr(text, ':');
    if (password != nullptr) std::memset(password + 1, '*', std::strlen(password + 1));
  }
}

}  // namespace
}  // namespace lazylfs::server

int main(int argc, char** argv) {
  using namespace lazylfs::server;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "--help") {
    std::fputs(usage().c_str(), stdout);
    return 0;
  }
  const auto options = parse_options(arguments);
  if (!options) {
    std::fprintf(stderr, "lfs-test-server: %s\n", options.error().message().c_str());
    return 2;
  }
  hide_passwords(argc, argv);
  if (options->die_with_parent) {
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return 0;
  }
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto done = run(*options, signals);
  if (!done) std::fprintf(stderr, "lfs-test-server: %s\n", done.error().message().c_str());
  return done ? 0 : 1;
}
