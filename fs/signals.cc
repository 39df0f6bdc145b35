#include "fs/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lazylfs::fs {

SignalWatch::SignalWatch() {
  sigemptyset(&signals_);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, number);
  sigset_t blocked = signals_;
  sigaddset(&blocked, SIGPIPE);
  (void)::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

SignalWatch::~SignalWatch() {
  stop();
  (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalWatch::stop() {
  stop_.write_end.reset();
  if (thread_.joinable()) thread_.join();
}

Result<void> SignalWatch::start(std::function<void(int)> on_signal) {
  descriptor_ = Fd(::signalfd(-1, &signals_, SFD_CLOEXEC));
  if (!descriptor_) return Error::from_errno("signalfd", errno);
  stop_ = TRY(make_pipe());
  thread_ = std::jthread([this, on_signal = std::move(on_signal)] {
    for (;;) {
      std::array<pollfd, 2> waits = {
          pollfd{.fd = descriptor_.get(), .events = POLLIN, .revents = 0},
          pollfd{.fd = stop_.read_end.get(), .events = 0, .revents = 0}};
      if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      if (waits[1].revents != 0) return;
      signalfd_siginfo info{};
      if (waits[0].revents != 0 &&
          ::read(descriptor_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        on_signal(static_cast<int>(info.ssi_signo));
      }
    }
  });
  return {};
}

}  // namespace lazylfs::fs
