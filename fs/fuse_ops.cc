#include "fs/fuse_ops.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "fs/fuse_folder_ops.h"
#include "fs/fuse_serve.h"

namespace lazylfs::fs {
namespace {

constexpr unsigned kMaxBackground = 64;

void op_init(void* data, fuse_conn_info* connection) {
  auto& file_system = *static_cast<FileSystem*>(data);
  // FUSE_CAP_SPLICE_READ stays off: requests are short, and its answers go the same way.
  constexpr unsigned kWanted =
      FUSE_CAP_ASYNC_READ | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_READDIRPLUS |
      FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS |
      FUSE_CAP_SPLICE_WRITE | FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT;
  connection->want = kWanted & connection->capable;
  connection->max_background = kMaxBackground;
  connection->congestion_threshold = kMaxBackground * 3 / 4;
  file_system.initialised = true;
}

void op_getattr(fuse_req_t request, fuse_ino_t ino, fuse_file_info* /*info*/) {
  serve(request, "getattr", [&](FileSystem& file_system, Reply reply) {
    if (ControlFolder::contains({ino})) {
      reply.attributes(file_system.control_stat({ino}), 0);
      return;
    }
    const Result<Attributes> attributes = file_system.tree.attributes({ino});
    if (attributes) {
      reply.attributes(file_system.to_stat(*attributes), kForEver);
    } else {
      reply.error(attributes.error(), Asked::name);
    }
  });
}

void op_readlink(fuse_req_t request, fuse_ino_t ino) {
  serve(request, "readlink", [&](FileSystem& file_system, Reply reply) {
    // The blob may be missing in a blobless clone.
    file_system.blocking.post([&file_system, ino, reply = std::move(reply)]() mutable {
      const Result<std::string> target = file_system.tree.read_link({ino});
      target ? reply.link(*target) : reply.error(target.error(), Asked::content);
    });
  });
}

void op_open(fuse_req_t request, fuse_ino_t ino, fuse_file_info* info) {
  serve(request, "open", [&](FileSystem& file_system, Reply reply) {
    if (!file_system.answers_open()) {
      reply.errno_value(ENOSYS);
      return;
    }
    file_system.metrics.add(Counter::fuse_opens);
    info->noflush = 1;
    if (ControlFolder::contains({ino})) {
      reply.open(*info);
      return;
    }
    const auto file = file_system.files.pin({ino});
    if (!file) {
      reply.error(file.error(), Asked::content);
      return;
    }
    const auto& object = (*file)->object();
    const IoModes::Opened opened =
        file_system.modes.open({ino}, object ? object->complete_fd() : -1);
    info->keep_cache = opened.backing_id == 0 ? 1 : 0;
    bool delivered = false;
    {
      const Passthrough::ReplyScope scope(opened.backing_id);
      delivered = reply.open(*info);
    }
    if (!delivered) {
      file_system.modes.release({ino});
      file_system.files.unpin({ino});
      return;
    }
    if (opened.backing_id != 0) file_system.metrics.add(Counter::passthrough_opens);
    Notifier* notifier = file_system.notifier;
    if (opened.drop_pages && notifier != nullptr) notifier->drop_pages({ino});
  });
}

void op_release(fuse_req_t request, fuse_ino_t ino, fuse_file_info* /*info*/) {
  serve(request, "release", [&](FileSystem& file_system, Reply reply) {
    if (!ControlFolder::contains({ino})) {
      // The backing id keeps the file; the object must outlive it.
      file_system.modes.release({ino});
      file_system.files.unpin({ino});
    }
    reply.errno_value(0);
  });
}

void op_read(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset,
             fuse_file_info* /*info*/) {
  serve(request, "read", [&](FileSystem& file_system, Reply reply) {
    const auto from = static_cast<std::uint64_t>(offset);
    if (ControlFolder::contains({ino})) {
      const std::string text = file_system.control.render({ino}).text;
      reply.data(std::string_view(text).substr(std::min<std::uint64_t>(from, text.size()), size));
      return;
    }
    file_system.reads.read(std::move(reply), {ino}, {.offset = from, .length = size});
  });
}

// Folders are cached by the kernel and need no handle: once for all, opendir always works.
void op_opendir(fuse_req_t request, fuse_ino_t /*ino*/, fuse_file_info* /*info*/) {
  serve(request, "opendir", [](FileSystem&, Reply reply) { reply.errno_value(ENOSYS); });
}

void op_statfs(fuse_req_t request, fuse_ino_t /*ino*/) {
  serve(request, "statfs", [](FileSystem& file_system, Reply reply) {
    constexpr std::uint64_t kBlock = 4096;
    const Tree::Totals totals = file_system.tree.totals();
    struct statvfs result {};
    result.f_bsize = result.f_frsize = kBlock;
    result.f_blocks = (totals.bytes + kBlock - 1) / kBlock;
    result.f_files = totals.files + totals.folders;
    result.f_namemax = 255;
    result.f_flag = ST_RDONLY;
    reply.statistics(result);
  });
}

// Only "user." attributes exist here. ls and others ask every file for its ACL and its security
// label, unless a file system says once that it has no such thing: then a listing costs no round
// trip for each file.
void op_getxattr(fuse_req_t request, fuse_ino_t ino, const char* name, std::size_t size) {
  if (!std::string_view(name).starts_with("user.")) {
    fuse_reply_err(request, EOPNOTSUPP);
    return;
  }
  serve(request, "getxattr", [&](FileSystem& file_system, Reply reply) {
    const auto value = file_system.extended_attribute({ino}, name);
    if (!value) {
      reply.error(value.error(), Asked::content);
    } else if (!value->has_value()) {
      reply.errno_value(ENODATA);
    } else {
      reply.attribute_value(**value, size);
    }
  });
}

void op_listxattr(fuse_req_t request, fuse_ino_t ino, std::size_t size) {
  serve(request, "listxattr", [&](FileSystem& file_system, Reply reply) {
    const auto names = file_system.extended_attribute_names({ino});
    names ? reply.attribute_value(*names, size) : reply.error(names.error(), Asked::content);
  });
}

// default_permissions lets the kernel check modes; what remains is that nobody writes.
void op_access(fuse_req_t request, fuse_ino_t /*ino*/, int mask) {
  constexpr int kWrite = 2;
  serve(request, "access",
        [&](FileSystem&, Reply reply) { reply.errno_value((mask & kWrite) != 0 ? EROFS : 0); });
}

template <typename... Arguments>
void refuse_write(fuse_req_t request, Arguments... /*arguments*/) {
  fuse_reply_err(request, EROFS);
}

}  // namespace

void on_interrupt(fuse_req_t request, void* id) {
  auto& file_system = *static_cast<FileSystem*>(fuse_req_userdata(request));
  file_system.reads.interrupt(reinterpret_cast<std::uint64_t>(id));
}

fuse_lowlevel_ops fuse_operations() {
  fuse_lowlevel_ops ops{};
  ops.init = op_init;
  ops.lookup = op_lookup;
  ops.forget = op_forget;
  ops.forget_multi = op_forget_multi;
  ops.getattr = op_getattr;
  ops.readlink = op_readlink;
  ops.open = op_open;
  ops.release = op_release;
  ops.read = op_read;
  ops.opendir = op_opendir;
  ops.readdir = op_readdir;
  ops.readdirplus = op_readdirplus;
  ops.statfs = op_statfs;
  ops.getxattr = op_getxattr;
  ops.listxattr = op_listxattr;
  ops.access = op_access;
  ops.setattr = refuse_write;
  ops.mknod = refuse_write;
  ops.mkdir = refuse_write;
  ops.unlink = refuse_write;
  ops.rmdir = refuse_write;
  ops.symlink = refuse_write;
  ops.rename = refuse_write;
  ops.link = refuse_write;
  ops.create = refuse_write;
  ops.write = refuse_write;
  ops.setxattr = refuse_write;
  ops.removexattr = refuse_write;
  ops.fallocate = refuse_write;
  return ops;
}

}  // namespace lazylfs::fs
