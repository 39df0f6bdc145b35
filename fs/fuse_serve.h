// How an operation is run: with its file system, its duty to answer, and no exception leaving it.
#pragma once

#include <exception>
#include <string_view>
#include <utility>

#include "fs/file_system.h"

namespace lazylfs::fs {

// Runs `body(file_system, reply)`. Exceptions (only ever bad_alloc) stop here, since none may
// unwind through C; the reply, dropped on the way, answers EIO.
template <typename Body>
void serve(fuse_req_t request, std::string_view operation, Body body) noexcept {
  auto& file_system = *static_cast<FileSystem*>(fuse_req_userdata(request));
  try {
    body(file_system, Reply(request, operation, file_system.desk));
  } catch (const std::exception&) {
    file_system.metrics.add(Counter::fuse_errors);
  }
}

// As serve(), for what looks into `folder`: it moves to another thread when that folder has to be
// fetched by git first.
template <typename Body>
void serve_in_folder(fuse_req_t request, fuse_ino_t folder, std::string_view operation,
                     Body body) noexcept {
  serve(request, operation, [&](FileSystem& file_system, Reply reply) {
    if (ControlFolder::contains({folder}) || file_system.tree.is_local({folder})) {
      body(file_system, std::move(reply));
    } else {
      file_system.blocking.post([&file_system, body, reply = std::move(reply)]() mutable {
        body(file_system, std::move(reply));
      });
    }
  });
}

}  // namespace lazylfs::fs
