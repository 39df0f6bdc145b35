// Guarded<T>: data that can be reached only while its mutex is held.
#pragma once

#include <mutex>
#include <utility>

namespace lazylfs {

// Thread-safe. The reference that lock() gives must not outlive the lock object.
template <typename T>
class Guarded {
 public:
  class Lock {
   public:
    T* operator->() { return &value_; }
    T& operator*() { return value_; }
    // For std::condition_variable.
    std::unique_lock<std::mutex>& mutex_lock() { return lock_; }

   private:
    friend class Guarded;
    Lock(std::mutex& mutex, T& value) : lock_(mutex), value_(value) {}
    std::unique_lock<std::mutex> lock_;
    T& value_;
  };

  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  Lock lock() { return Lock(mutex_, value_); }
  // Reading through a const object still takes the lock.
  Lock lock() const { return Lock(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  mutable T value_{};
};

}  // namespace lazylfs
