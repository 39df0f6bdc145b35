// What the trampolines of cmake/lazy_library.cmake call; nothing else does, hence no header.
#include <unistd.h>

#include <string>

#include <dlfcn.h>

#include "lfs/base/fd.h"

namespace {

[[noreturn]] void give_up(const std::string& text) {
  (void)lazylfs::write_all(STDERR_FILENO, "git-lfs: " + text + '\n').has_value();
  ::_exit(2);
}

}  // namespace

// The address of `function` in the shared library `library`, which is opened when it is not yet.
// Thread-safe, as dlopen is. There is nobody to return an error to: the caller thinks that it calls
// the function itself.
extern "C" void* lazylfs_find_function(const char* library, const char* function);

extern "C" void* lazylfs_find_function(const char* library, const char* function) {
  void* opened = ::dlopen(library, RTLD_LAZY | RTLD_LOCAL);
  if (opened == nullptr) give_up(std::string("cannot load ") + ::dlerror());  // NOLINT
  void* address = ::dlsym(opened, function);
  if (address == nullptr) give_up(std::string(library) + " lacks " + function);
  return address;
}
