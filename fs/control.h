// The daemon's control socket: one JSON request, one JSON answer a connection.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "lfs/base/fd.h"
#include "lfs/base/json.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

// Serves one connection after the other on a thread of its own; clients that neither send nor
// read are cut off after two seconds. Only the mount's user (and root) is answered.
class ControlServer {
 public:
  using Handler = std::function<Json(const Json& request)>;

  static Result<std::unique_ptr<ControlServer>> start(const std::string& path, Handler handler);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

 private:
  ControlServer(Fd listener, Pipe stop, Handler handler);
  void run();
  void answer(int connection);

  Fd listener_;
  Pipe stop_;
  Handler handler_;
  std::jthread thread_;
};

}  // namespace lazylfs::fs
