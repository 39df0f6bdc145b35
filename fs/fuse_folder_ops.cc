#include "fs/fuse_folder_ops.h"

#include <cerrno>
#include <string>
#include <vector>

#include "fs/fuse_serve.h"

namespace lazylfs::fs {
namespace {

// The positions of "." and ".." come before the tree's.
constexpr std::uint64_t kDotEntries = 2;

fuse_entry_param to_entry(const FileSystem& file_system, const Attributes& attributes,
                          double timeout_s) {
  fuse_entry_param entry{};
  entry.ino = attributes.ino.value;
  entry.attr = file_system.to_stat(attributes);
  entry.attr_timeout = kForEver;
  entry.entry_timeout = timeout_s;
  return entry;
}

void lookup_control(FileSystem& file_system, Reply& reply, InodeNumber ino) {
  fuse_entry_param entry{};
  entry.ino = ino.value;
  entry.attr = file_system.control_stat(ino);
  reply.entry(entry);  // no timeouts: what it shows changes
}

void lookup(FileSystem& file_system, Reply reply, InodeNumber parent, const std::string& name) {
  file_system.metrics.add(Counter::fuse_lookups);
  if (parent == kRootInode && name == kControlFolderName) {
    lookup_control(file_system, reply, kControlFolder);
    return;
  }
  if (ControlFolder::contains(parent)) {
    const auto file = ControlFolder::find(name);
    file ? lookup_control(file_system, reply, *file) : reply.errno_value(ENOENT);
    return;
  }
  const Result<Attributes> found = file_system.tree.lookup(parent, name);
  if (!found && found.error().code() != Errc::not_found) {
    reply.error(found.error(), Asked::name);
    return;
  }
  const double timeout_s = file_system.entry_timeout(parent);
  if (!found) {
    fuse_entry_param nothing{};
    nothing.entry_timeout = timeout_s;
    reply.entry(nothing);
    return;
  }
  if (!reply.entry(to_entry(file_system, *found, timeout_s))) {
    file_system.tree.forget(found->ino, 1);
  }
}

// One answer to READDIR or READDIRPLUS while it is put together.
class Listing {
 public:
  Listing(FileSystem& file_system, fuse_req_t request, std::size_t size, bool plus)
      : file_system_(file_system), request_(request), buffer_(size), plus_(plus) {}
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;
  // What was not delivered is taken back.
  ~Listing() {
    for (const InodeNumber ino : given_) file_system_.tree.forget(ino, 1);
  }

  // False when it does not fit.
  bool add(const char* name, const fuse_entry_param& entry, std::uint64_t next) {
    char* place = buffer_.data() + used_;
    const std::size_t left = buffer_.size() - used_;
    const std::size_t needed =
        plus_
            ? fuse_add_direntry_plus(request_, place, left, name, &entry, static_cast<off_t>(next))
            : fuse_add_direntry(request_, place, left, name, &entry.attr, static_cast<off_t>(next));
    if (needed > left) return false;
    used_ += needed;
    if (plus_ && entry.ino != 0) {
      // At once: what the tree just named may be gone after it has gone on.
      file_system_.tree.remember({entry.ino});
      given_.push_back({entry.ino});
    }
    return true;
  }

  // "." and "..": named, but not looked up, so nothing is counted.
  bool add_dot(const char* name, InodeNumber ino, std::uint64_t next) {
    fuse_entry_param entry{};
    entry.attr = file_system_.to_stat({.ino = ino, .kind = lfs::EntryKind::folder});
    return add(name, entry, next);
  }

  void send(Reply& reply) {
    if (reply.data(std::string_view(buffer_.data(), used_))) given_.clear();
  }

 private:
  FileSystem& file_system_;
  fuse_req_t request_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  bool plus_;
  std::vector<InodeNumber> given_;
};

bool list_control(Listing& listing, FileSystem& file_system, std::uint64_t offset) {
  for (std::size_t i = offset; i < ControlFolder::file_names().size(); ++i) {
    const struct stat attributes = file_system.control_stat(ControlFolder::file(i));
    fuse_entry_param entry{};  // not counted: the files of .lazylfs are not looked up by listing
    entry.attr = attributes;
    const std::string name(ControlFolder::file_names().at(i));
    if (!listing.add(name.c_str(), entry, kDotEntries + i + 1)) return false;
  }
  return true;
}

void read_folder(FileSystem& file_system, Reply reply, InodeNumber folder, std::size_t size,
                 std::uint64_t offset, bool plus) {
  file_system.metrics.add(Counter::fuse_readdirs);
  Listing listing(file_system, reply.request(), size, plus);
  const bool control = ControlFolder::contains(folder);
  const InodeNumber parent = control ? kRootInode : file_system.tree.parent_of(folder);
  bool fits = true;
  if (offset == 0) fits = listing.add_dot(".", folder, 1);
  if (offset <= 1 && fits) fits = listing.add_dot("..", parent, kDotEntries);
  const std::uint64_t from = offset < kDotEntries ? 0 : offset - kDotEntries;
  if (fits && control) {
    list_control(listing, file_system, from);
  } else if (fits) {
    file_system.note_listing(folder);
    const double timeout_s = file_system.entry_timeout(folder);
    std::string terminated;
    const Result<void> read = file_system.tree.read_folder(
        folder, from, [&](std::string_view name, const Attributes& attributes, std::uint64_t next) {
          terminated.assign(name);
          return listing.add(terminated.c_str(), to_entry(file_system, attributes, timeout_s),
                             next + kDotEntries);
        });
    if (!read) {
      reply.error(read.error(), Asked::name);
      return;
    }
  }
  listing.send(reply);
}

}  // namespace

void op_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  serve_in_folder(request, parent, "lookup",
                  [parent, name = std::string(name)](FileSystem& file_system, Reply reply) {
                    lookup(file_system, std::move(reply), {parent}, name);
                  });
}

void op_forget(fuse_req_t request, fuse_ino_t ino, std::uint64_t count) {
  serve(request, "forget", [&](FileSystem& file_system, Reply reply) {
    if (!ControlFolder::contains({ino})) file_system.tree.forget({ino}, count);
    reply.none();
  });
}

void op_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
  serve(request, "forget_multi", [&](FileSystem& file_system, Reply reply) {
    for (std::size_t i = 0; i < count; ++i) {
      const fuse_forget_data& forget = forgets[i];
      if (ControlFolder::contains({forget.ino})) continue;
      file_system.tree.forget({forget.ino}, forget.nlookup);
    }
    reply.none();
  });
}

void op_readdir(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset,
                fuse_file_info* /*info*/) {
  serve_in_folder(request, ino, "readdir", [=](FileSystem& file_system, Reply reply) {
    read_folder(file_system, std::move(reply), {ino}, size, static_cast<std::uint64_t>(offset),
                false);
  });
}

void op_readdirplus(fuse_req_t request, fuse_ino_t ino, std::size_t size, off_t offset,
                    fuse_file_info* /*info*/) {
  serve_in_folder(request, ino, "readdirplus", [=](FileSystem& file_system, Reply reply) {
    read_folder(file_system, std::move(reply), {ino}, size, static_cast<std::uint64_t>(offset),
                true);
  });
}

}  // namespace lazylfs::fs
