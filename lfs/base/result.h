// Result<T>: a value or an Error, with std::expected's spelling. g++ 12 has std::expected only in
// C++23 mode and clang 14 not at all, hence this header.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "lfs/base/error.h"

namespace lazylfs {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }

  // Not for Result<bool>, where `if (result)` would look like a test of the value.
  explicit operator bool() const requires(!std::is_same_v<T, bool>) { return has_value(); }

  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  // By value, so that `for (auto& x : *list())` and `auto&& x = *make()` do not dangle.
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const { return *std::get_if<1>(&state_); }

  template <typename U>
  T value_or(U&& fallback) && {
    return has_value() ? std::move(*this).value() : static_cast<T>(std::forward<U>(fallback));
  }
  template <typename U>
  T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const {}
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace lazylfs

// The value of a Result-valued expression; on failure returns the Error from the enclosing
// function. Not beside other temporaries in one expression: `f(text + "x", TRY(g()))` and
// `T{name, TRY(g())}` leak what was built before the return (neither compiler unwinds it).
#define LAZYLFS_TRY_IMPL(name, expression, on_error) \
  __extension__({                                    \
    auto name = (expression);                        \
    if (!name.has_value()) return on_error;          \
    std::move(name).value();                         \
  })
#define LAZYLFS_TRY_NAME(name, counter, expression) \
  LAZYLFS_TRY_IMPL(name##counter, expression, name##counter.error())
#define LAZYLFS_TRY_EXPAND(counter, expression) \
  LAZYLFS_TRY_NAME(lazylfs_result_, counter, expression)
#define TRY(expression) LAZYLFS_TRY_EXPAND(__COUNTER__, expression)

// As TRY, and prefixes the error with `context` (evaluated only on failure).
#define LAZYLFS_TRY_CONTEXT_NAME(name, counter, context, expression) \
  LAZYLFS_TRY_IMPL(name##counter, expression, name##counter.error().with_context(context))
#define LAZYLFS_TRY_CONTEXT_EXPAND(counter, context, expression) \
  LAZYLFS_TRY_CONTEXT_NAME(lazylfs_result_, counter, context, expression)
#define TRY_CONTEXT(context, expression) \
  LAZYLFS_TRY_CONTEXT_EXPAND(__COUNTER__, context, expression)
