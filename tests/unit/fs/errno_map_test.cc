#include "fs/errno_map.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

int content_errno(Errc code) { return to_errno(Error(code, "x"), Asked::content); }

TEST(ErrnoMapTest, EachFailureThatAReaderCanActOnHasItsOwnErrno) {
  EXPECT_EQ(content_errno(Errc::denied), EACCES);
  EXPECT_EQ(content_errno(Errc::not_found), ENODATA);
  EXPECT_EQ(content_errno(Errc::timed_out), ETIMEDOUT);
  EXPECT_EQ(content_errno(Errc::transient), ETIMEDOUT);
  EXPECT_EQ(content_errno(Errc::unreachable), EHOSTUNREACH);
  EXPECT_EQ(content_errno(Errc::corrupt), EBADMSG);
  EXPECT_EQ(content_errno(Errc::no_space), ENOSPC);
  EXPECT_EQ(content_errno(Errc::read_only), EROFS);
  EXPECT_EQ(content_errno(Errc::cancelled), EINTR);
  EXPECT_EQ(content_errno(Errc::io), EIO);
}

TEST(ErrnoMapTest, AMissingNameIsNotMissingContent) {
  EXPECT_EQ(to_errno(Error(Errc::not_found, "x"), Asked::name), ENOENT);
  EXPECT_EQ(to_errno(Error(Errc::denied, "x"), Asked::name), EACCES);
}

TEST(ErrnoMapTest, NamesAreThoseOfTheHeader) {
  EXPECT_EQ(errno_name(EBADMSG), "EBADMSG");
  EXPECT_EQ(errno_name(EHOSTUNREACH), "EHOSTUNREACH");
  EXPECT_EQ(errno_name(0), "errno");
}

}  // namespace
}  // namespace lazylfs::fs
