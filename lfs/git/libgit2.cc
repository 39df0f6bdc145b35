#include "lfs/git/libgit2.h"

#include <algorithm>
#include <array>

// libgit2 1.5 built with PCRE2 leaks what a regular expression matched. We use none, but opening a
// repository with extensions and looking up an unknown revision do inside of it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAZYLFS_UNDER_LSAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LAZYLFS_UNDER_LSAN 1
#endif
#ifdef LAZYLFS_UNDER_LSAN
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpcre2"; }  // NOLINT
#endif

namespace lazylfs::lfs {
namespace {

// Mapped pack windows count as resident memory of a daemon that runs for weeks over a repository
// of any size, so they are few and small; libgit2's defaults are 1 GiB each and 8 GiB in all.
// docs/ARCHITECTURE.md has figures (lfs/migrate).
constexpr std::size_t kPackWindowBytes = 1U << 20U;
constexpr std::size_t kPackMappedBytesMax = 12U << 20U;
constexpr std::size_t kOpenPacksMax = 64;
constexpr ssize_t kObjectCacheBytesMax = 256 << 10;

}  // namespace

void start_libgit2() {
  static const bool started = [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kPackWindowBytes);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kPackMappedBytesMax);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, kOpenPacksMax);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kObjectCacheBytesMax);
    // safe.directory is judged by git itself (see repository.cc): libgit2 1.5 does not know all of
    // its rules.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // zlib's checksum guards what is read. To hash each object again, which git leaves to git fsck,
    // costs a tenth of a scan.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    // Extensions that do not change how objects and refs are read. objectformat is one only with
    // the value sha1, which repository.cc checks.
    std::array<const char*, 4> extensions = {"partialclone", "worktreeconfig", "preciousobjects",
                                             "objectformat"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions.data(), extensions.size());
    return true;
  }();
  (void)started;
}

Error libgit2_error(int rc, std::string_view what) {
  const git_error* last = git_error_last();
  const std::string told = last != nullptr && last->message != nullptr ? last->message : "failed";
  Errc code = Errc::io;
  if (rc == GIT_ENOTFOUND) code = Errc::not_found;
  if (rc == GIT_EEXISTS) code = Errc::exists;
  if (rc == GIT_EAMBIGUOUS || rc == GIT_EINVALIDSPEC) code = Errc::invalid;
  if (rc == GIT_EMISMATCH) code = Errc::corrupt;
  return {code, std::string(what) + ": " + told};
}

git_oid to_libgit2(const GitOid& oid) {
  git_oid result{};
  std::copy(oid.bytes.begin(), oid.bytes.end(), std::begin(result.id));
  return result;
}

GitOid from_libgit2(const git_oid& oid) {
  GitOid result;
  std::copy_n(std::begin(oid.id), result.bytes.size(), result.bytes.begin());
  return result;
}

}  // namespace lazylfs::lfs
