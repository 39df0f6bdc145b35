// What a mount consists of, as its FUSE operations see it.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "cache/cache.h"
#include "fs/control_folder.h"
#include "fs/io_mode.h"
#include "fs/last_errors.h"
#include "fs/open_files.h"
#include "fs/passthrough.h"
#include "fs/plain_content.h"
#include "fs/read_path.h"
#include "fs/reply.h"
#include "fs/tree.h"
#include "fs/workers.h"
#include "lfs/transfer/downloader.h"

namespace lazylfs::fs {

// What it needs from outside; all of it outlives the file system.
struct FileSystemParts {
  Tree& tree;
  cache::Cache& cache;
  cache::Source& source;
  lfs::Downloader& downloader;
  const lfs::Repository& repository;
  Metrics& metrics;
};

struct FileSystemOptions {
  std::string spool_folder;               // for large plain blobs
  bool follow = false;                    // names at the root may change
  bool all_refs = false;                  // names below .at may change
  bool open_requests = true;              // false: OPEN is answered with ENOSYS once for all
  std::optional<std::uint32_t> uid, gid;  // the owner that is shown
  ControlFolder::Sources control;
};

// One for each mount; the user data of its libfuse session. Thread-safe.
class FileSystem {
 public:
  // `passthrough` belongs to the connection.
  FileSystem(const FileSystemParts& parts, FileSystemOptions options, Passthrough& passthrough);
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  ~FileSystem() = default;

  struct stat to_stat(const Attributes& attributes) const;
  // Of a file or the folder of .lazylfs.
  struct stat control_stat(InodeNumber ino);

  // For how long the kernel may keep a name in `folder`, in seconds.
  double entry_timeout(InodeNumber folder);
  // `folder` was listed: the kernel keeps that.
  void note_listing(InodeNumber folder);
  // Lets the kernel drop the listings whose refs may have changed since.
  void drop_ref_listings();

  // The value of an extended attribute; empty when `ino` has none of that name.
  Result<std::optional<std::string>> extended_attribute(InodeNumber ino, std::string_view name);
  // Its names, each ended by NUL.
  Result<std::string> extended_attribute_names(InodeNumber ino);

  // Whether OPEN is answered for each file (for passthrough's sake) or refused once for all.
  // Decided at the first call.
  bool answers_open();

  Tree& tree;
  cache::Cache& cache;
  lfs::Downloader& downloader;
  Metrics& metrics;
  const FileSystemOptions options;
  Passthrough& passthrough;
  ReplyDesk desk;
  LastErrors last_errors;
  ControlFolder control;
  OpenFiles files;
  PlainContents plain;
  IoModes modes;
  std::atomic<Notifier*> notifier{nullptr};
  std::atomic<bool> initialised{false};

 private:
  bool decide_open_requests();

  Guarded<std::unordered_set<std::uint64_t>> ref_listings_;
  Guarded<std::optional<bool>> answers_open_;

 public:
  ReadPath reads;
  // Last, so that their tasks end before what the tasks use.
  Workers completions{2};
  Workers blocking{4};
};

// A name that the kernel may keep until it is told otherwise.
inline constexpr double kForEver = 86400.0 * 365 * 10;

}  // namespace lazylfs::fs
