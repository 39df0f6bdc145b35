#include "cli/content_of_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "lfs/base/fd.h"

namespace lazylfs::cli {

Result<FileFront> read_file_front(const std::string& path) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Error::from_errno("look at " + path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Errc::invalid, path + " is no regular file");
  lfs::FdInput input(file.get());
  lfs::PointerFront front = TRY(lfs::read_pointer_front(input));
  FileFront found;
  found.size = front.pointer ? front.pointer->size : static_cast<std::uint64_t>(status.st_size);
  found.pointer = std::move(front.pointer);
  return found;
}

Result<void> write_content_of(FilterSession& session, const std::string& path,
                              const FileFront& front, const std::string& name,
                              lfs::ByteOutput& output) {
  if (!front.pointer) {
    TRY(lfs::copy_file_to(path, output));
    return {};
  }
  std::string object;
  if (auto found = session.store().find(front.pointer->id())) {
    object = std::move(*found);
  } else {
    Result<std::string> fetched = session.downloads(nullptr).fetch({front.pointer->id(), name});
    if (!fetched) return lfs::download_failure(*front.pointer, name, fetched.error());
    object = std::move(*fetched);
  }
  return lfs::write_object(*front.pointer, object, session.store(),
                           lfs::all_extensions(session.config()), name, output);
}

}  // namespace lazylfs::cli
