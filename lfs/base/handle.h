// Owning handles for C objects: one line a type, one pointer wide.
//
//   using Repository = Handle<git_repository, git_repository_free>;
//   Repository repository;
//   git_repository_open(Out(repository), path);
#pragma once

#include <memory>

namespace lazylfs {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};

template <typename T, auto kFree>
using Handle = std::unique_ptr<T, FreeWith<kFree>>;

// Passes a Handle to a C function that fills a T**. The handle takes ownership when the full
// expression ends, whatever the function returned.
template <typename T, typename Free>
class Out {
 public:
  explicit Out(std::unique_ptr<T, Free>& handle) : handle_(handle) {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  ~Out() { handle_.reset(raw_); }
  operator T**() { return &raw_; }  // NOLINT(google-explicit-constructor)

 private:
  std::unique_ptr<T, Free>& handle_;
  T* raw_ = nullptr;
};

}  // namespace lazylfs
