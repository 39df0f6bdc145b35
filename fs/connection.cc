// Two ways to mount. With the privilege to do so we open /dev/fuse and call mount(2) ourselves,
// and give libfuse the descriptor together with our own read and writev: that is what passthrough
// needs. Everybody else goes through libfuse and the setuid program fusermount3.
//
// The threads are our own as well, since libfuse's loop ends its workers by pthread_cancel, which
// C++ code does not survive. A worker that sleeps in read(2) is woken by a signal with an empty
// handler; the signal is repeated until the worker has seen it, as it may come just before the
// read.
#include "fs/connection.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "fs/file_system.h"
#include "fs/fuse_ops.h"
#include "fs/mount_point.h"
#include "lfs/base/guarded.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

constexpr const char* kDevice = "/dev/fuse";
constexpr int kWakeSignal = SIGUSR1;

Passthrough& passthrough_of(void* file_system) {
  return static_cast<FileSystem*>(file_system)->passthrough;
}

ssize_t custom_writev(int /*fd*/, iovec* parts, int count, void* file_system) {
  return passthrough_of(file_system).writev(parts, count);
}

ssize_t custom_read(int /*fd*/, void* buffer, std::size_t length, void* file_system) {
  return passthrough_of(file_system).read(buffer, length);
}

// libfuse's signature. NOLINTNEXTLINE(readability-function-size)
ssize_t custom_splice_send(int from, off_t* from_offset, int to, off_t* to_offset,
                           std::size_t length, unsigned flags, void* /*file_system*/) {
  return ::splice(from, from_offset, to, to_offset, length, flags);
}

// libfuse reports why mounting failed only to its log.
Guarded<std::string>& last_fuse_message() {
  static Guarded<std::string> message;
  return message;
}

[[gnu::format(printf, 2, 0)]] void log_from_fuse(fuse_log_level level, const char* format,
                                                 va_list arguments) {
  std::array<char, 512> text{};
  (void)std::vsnprintf(text.data(), text.size(), format, arguments);
  const std::string_view line = trim(text.data());
  *last_fuse_message().lock() = std::string(line);
  log_line(level <= FUSE_LOG_WARNING ? LogLevel::warning : LogLevel::debug, line);
}

void install_wake_signal() {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // no SA_RESTART: read(2) must return
  (void)::sigaction(kWakeSignal, &action, nullptr);
}

// Commas and backslashes end a mount option otherwise.
std::string escape_option(const std::string& value) {
  std::string result;
  for (const char c : value) {
    if (c == ',' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

Error device_error(int reason) {
  if (reason == ENOENT || reason == ENXIO || reason == ENODEV) {
    return {Errc::not_found,
            "this system has no /dev/fuse: load the kernel module (modprobe fuse), or pass the "
            "device into the container"};
  }
  return {Errc::denied,
          "/dev/fuse cannot be opened: " + Error::from_errno("open", reason).message() +
              "; it needs to be readable and writable for this user (mode 0666)"};
}

bool in_path(const char* program) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    if (::access((std::string(folder) + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<FuseConnection>> FuseConnection::create(ConnectionOptions options) {
  std::unique_ptr<FuseConnection> connection(new FuseConnection(std::move(options)));
  const bool wanted = connection->options_.passthrough;
  // Opened in any case, to say clearly when that is impossible.
  const int fd = ::open(kDevice, O_RDWR | O_CLOEXEC);
  if (fd < 0) return device_error(errno);
  connection->device_ = Fd(fd);
  if (::geteuid() != 0) connection->device_.reset();
  connection->passthrough_ =
      std::make_unique<Passthrough>(connection->device_.get(), wanted && connection->device_);
  return connection;
}

FuseConnection::~FuseConnection() {
  unmount();
  wait();
}

Result<void> FuseConnection::mount(FileSystem& file_system) {
  fuse_set_log_func(log_from_fuse);
  install_wake_signal();
  const std::string name = "fsname=" + escape_option(shown_source());
  std::vector<std::string> words = {
      "lazylfs",        "-o", "ro,nosuid,nodev,noatime,default_permissions", "-o", name, "-o",
      "subtype=lazylfs"};
  if (options_.no_exec) words.insert(words.end(), {"-o", "noexec"});
  if (options_.allow_other) words.insert(words.end(), {"-o", "allow_other"});
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  fuse_args arguments{.argc = static_cast<int>(argv.size()), .argv = argv.data(), .allocated = 0};
  const fuse_lowlevel_ops operations = fuse_operations();
  session_.reset(fuse_session_new(&arguments, &operations, sizeof operations, &file_system));
  fuse_opt_free_args(&arguments);
  if (!session_) return Error(Errc::io, "libfuse: " + *last_fuse_message().lock());

  if (device_) {
    const Result<void> mounted = mount_directly();
    // A container's root may lack the privilege; the helper may have it.
    if (!mounted && mounted.error().sys_errno() != EPERM) return mounted.error();
    if (!mounted) device_.reset();
    if (!mounted) TRY(mount_by_helper());
  } else {
    TRY(mount_by_helper());
  }
  if (const auto mount = kernel_mount_at(options_.mountpoint)) mounted_device_ = mount->device;

  running_ = options_.threads;
  for (unsigned i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { answer_requests(); });
  }
  struct stat root {};
  if (::stat(options_.mountpoint.c_str(), &root) != 0 || !file_system.initialised) {
    const Error error = Error::from_errno("the mount point does not answer", errno);
    unmount();
    return error;
  }
  return {};
}

std::string FuseConnection::shown_source() const {
  return options_.shown_source.empty() ? "lazylfs:" + options_.source : options_.shown_source;
}

Result<void> FuseConnection::mount_directly() {
  std::string data = "fd=" + std::to_string(device_.get()) +
                     ",rootmode=40000,user_id=" + std::to_string(::geteuid()) +
                     ",group_id=" + std::to_string(::getegid()) + ",default_permissions";
  if (options_.allow_other) data += ",allow_other";
  const std::string source = shown_source();
  unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME;
  if (options_.no_exec) flags |= MS_NOEXEC;
  const char* point = options_.mountpoint.c_str();
  if (::mount(source.c_str(), point, "fuse.lazylfs", flags, data.c_str()) != 0) {
    return Error::from_errno("mount " + options_.mountpoint, errno);
  }
  const fuse_custom_io io{.writev = custom_writev,
                          .read = custom_read,
                          .splice_receive = nullptr,
                          .splice_send = custom_splice_send};
  if (fuse_session_custom_io(session_.get(), &io, device_.get()) != 0) {
    (void)detach(options_.mountpoint, true).has_value();
    return Error(Errc::unsupported, "libfuse: " + *last_fuse_message().lock());
  }
  (void)device_.release();  // the session closes it
  return {};
}

Result<void> FuseConnection::mount_by_helper() {
  if (!in_path("fusermount3")) {
    return Error(Errc::not_found,
                 "mounting as an ordinary user needs fusermount3: install the package fuse3");
  }
  last_fuse_message().lock()->clear();
  if (fuse_session_mount(session_.get(), options_.mountpoint.c_str()) == 0) return {};
  const std::string reason = *last_fuse_message().lock();
  std::string text = "mount " + options_.mountpoint + " failed";
  if (!reason.empty()) text += ": " + reason;
  if (options_.allow_other) {
    text += " (--allow-other needs the line user_allow_other in /etc/fuse.conf)";
  }
  return Error(Errc::denied, text);
}

void FuseConnection::answer_requests() {
  fuse_buf buffer{};
  while (fuse_session_exited(session_.get()) == 0) {
    const int got = fuse_session_receive_buf(session_.get(), &buffer);
    if (got == -EINTR || got == -EAGAIN) continue;
    if (got <= 0) break;
    fuse_session_process_buf(session_.get(), &buffer);
  }
  fuse_session_exit(session_.get());
  std::free(buffer.mem);  // NOLINT: libfuse allocates it by malloc
  running_.fetch_sub(1);
  running_.notify_all();
}

void FuseConnection::unmount() {
  if (!session_ || unmounting_.exchange(true)) return;
  // Somebody may have unmounted, and mounted something else here.
  const std::optional<KernelMount> mounted = kernel_mount_at(options_.mountpoint);
  if (mounted && !mounted_device_.empty() && mounted->device == mounted_device_) {
    Result<void> detached = detach(options_.mountpoint, false);
    if (!detached) detached = detach(options_.mountpoint, true);
    if (!detached) log_line(LogLevel::error, detached.error().message());
  }
  fuse_session_exit(session_.get());
  while (running_ > 0) {
    for (std::jthread& thread : threads_) {
      if (thread.joinable()) (void)::pthread_kill(thread.native_handle(), kWakeSignal);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void FuseConnection::wait() {
  for (unsigned left = running_; left > 0; left = running_) running_.wait(left);
}

}  // namespace lazylfs::fs
