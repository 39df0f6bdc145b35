#include "lfs/base/result.h"

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lfs/base/error.h"
#include "lfs/base/guarded.h"
#include "lfs/base/handle.h"

namespace lazylfs {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error(Errc::invalid, "odd");
  return number / 2;
}
Result<int> quarter(int number) { return TRY(half(TRY(half(number)))); }
Result<int> quarter_with_context(int number) {
  return TRY_CONTEXT("quarter", half(TRY_CONTEXT("first half", half(number))));
}
Result<void> check(int number) {
  TRY(half(number));
  return {};
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message(), "odd");
  EXPECT_TRUE(check(2));
  EXPECT_EQ(check(1).error().code(), Errc::invalid);
}

TEST(Result, TryContextSaysWhichOne) {
  EXPECT_EQ(quarter_with_context(3).error().message(), "first half: odd");
  EXPECT_EQ(quarter_with_context(2).error().message(), "quarter: odd");
  EXPECT_EQ(quarter_with_context(2).error().code(), Errc::invalid);
}

TEST(Result, MoveOnlyValuesPassThrough) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto pass = [&]() -> Result<std::unique_ptr<int>> { return TRY(make()); };
  EXPECT_EQ(**pass(), 7);
}

TEST(Result, ADereferencedTemporaryLivesAsLongAsItsLoop) {
  const auto list = []() -> Result<std::vector<std::string>> {
    return std::vector<std::string>{std::string(100, 'a'), std::string(100, 'b')};
  };
  std::string all;
  for (const std::string& text : *list()) all += text[0];
  EXPECT_EQ(all, "ab");
}

TEST(Result, ValueOrFallsBack) {
  EXPECT_EQ(half(4).value_or(9), 2);
  EXPECT_EQ(half(3).value_or(9), 9);
  const Result<int> kept = half(4);
  EXPECT_EQ(kept.value_or(9), 2);
}

TEST(Error, ErrnoIsTranslatedIntoWhatCanBeDone) {
  const auto code = [](int number) { return Error::from_errno("x", number).code(); };
  EXPECT_EQ(code(ENOENT), Errc::not_found);
  EXPECT_EQ(code(EEXIST), Errc::exists);
  EXPECT_EQ(code(EACCES), Errc::denied);
  EXPECT_EQ(code(ENOSPC), Errc::no_space);
  EXPECT_EQ(code(EDQUOT), Errc::no_space);
  EXPECT_EQ(code(EROFS), Errc::read_only);
  EXPECT_EQ(code(EBUSY), Errc::busy);
  EXPECT_EQ(code(ETIMEDOUT), Errc::timed_out);
  EXPECT_EQ(code(ENOSYS), Errc::unsupported);
  EXPECT_EQ(code(EIO), Errc::io);
  const Error error = Error::from_errno("open /x", ENOENT);
  EXPECT_EQ(error.message(), "open /x: No such file or directory");
  EXPECT_EQ(error.sys_errno(), ENOENT);
}

TEST(Error, ContextKeepsCodeAndErrno) {
  const Error error = Error::from_errno("open", ENOSPC).with_context("cache");
  EXPECT_EQ(error.code(), Errc::no_space);
  EXPECT_EQ(error.sys_errno(), ENOSPC);
  EXPECT_EQ(error.message(), "cache: open: No space left on device");
}

TEST(Error, NamesAreStable) {
  EXPECT_EQ(errc_name(Errc::invalid), "invalid");
  EXPECT_EQ(errc_name(Errc::timed_out), "timed_out");
  EXPECT_EQ(errc_name(Errc::unsupported), "unsupported");
  EXPECT_EQ(errc_name(Errc::io), "io");
}

int freed = 0;
struct CObject {};
void c_free(CObject* object) {
  ++freed;
  delete object;
}
int c_make(CObject** out, int rc) {
  *out = rc == 0 ? new CObject : nullptr;
  return rc;
}

TEST(Handle, OutTakesOwnershipAndTheHandleFreesOnce) {
  using Object = Handle<CObject, c_free>;
  freed = 0;
  {
    Object object;
    EXPECT_EQ(c_make(Out(object), 0), 0);
    EXPECT_NE(object, nullptr);
    EXPECT_EQ(c_make(Out(object), 0), 0);  // the first is freed
    EXPECT_EQ(freed, 1);
    Object none;
    EXPECT_NE(c_make(Out(none), -1), 0);
    EXPECT_EQ(none, nullptr);
  }
  EXPECT_EQ(freed, 2);
  static_assert(sizeof(Object) == sizeof(void*));
}

TEST(Guarded, TheValueIsReachedUnderItsLock) {
  Guarded<int> number(1);
  *number.lock() += 1;
  auto locked = number.lock();
  EXPECT_EQ(*locked, 2);
  EXPECT_TRUE(locked.mutex_lock().owns_lock());
}

}  // namespace
}  // namespace lazylfs
