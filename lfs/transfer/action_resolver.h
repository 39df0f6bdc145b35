// What the server says to do for an object: asked in shared batch calls, kept until it expires.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "lfs/api/client.h"
#include "lfs/base/fetch.h"

namespace lazylfs::lfs {

// The blocking half of the API, as the resolver needs it; ApiClient, or a fake.
class ActionSource {
 public:
  ActionSource() = default;
  ActionSource(const ActionSource&) = delete;
  ActionSource& operator=(const ActionSource&) = delete;
  virtual ~ActionSource() = default;
  virtual Result<std::vector<BatchObject>> batch_download(const std::vector<ObjectId>& ids) = 0;
};

struct ResolverOptions {
  std::chrono::milliseconds coalesce_window{2};
  std::size_t batch_objects_max = 100;
  std::chrono::seconds expiry_margin{30};
};

// Thread-safe. Two threads of its own make the calls, so that one slow call does not hold up all.
class ActionResolver {
 public:
  using Answer = std::function<void(Result<Action>)>;

  // `source` must outlive the resolver.
  ActionResolver(ActionSource& source, ResolverOptions options);
  ActionResolver(const ActionResolver&) = delete;
  ActionResolver& operator=(const ActionResolver&) = delete;
  ~ActionResolver();  // what still waits is answered with Errc::cancelled

  // Calls `answer` exactly once: here when the action is known, else from a thread of the resolver.
  void resolve(const ObjectId& id, Priority priority, Answer answer);
  void raise(const Oid& oid, Priority priority);
  // The next batch call carries these along; only the newest are remembered.
  void expect(const std::vector<ObjectId>& ids);
  // `href` was refused by the storage: ask again next time.
  void forget(const Oid& oid, const std::string& href);

 private:
  using Clock = std::chrono::steady_clock;
  struct Wanted {
    ObjectId id;
    Priority priority = Priority::demand;
    Clock::time_point since;
    bool in_flight = false;
    std::vector<Answer> answers;
  };
  struct Known {
    Action action;
    std::int64_t usable_until = 0;  // seconds since 1970
    std::list<Oid>::iterator age;
  };

  void work();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  std::vector<ObjectId> take_batch();
  void ask(const std::vector<ObjectId>& ids);
  void learn(const Oid& oid, const Action& action);
  const Action* find_usable(const Oid& oid);

  ActionSource& source_;
  const ResolverOptions options_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  bool stopping_ = false;
  std::size_t queued_ = 0;  // wanted and not in flight
  std::size_t calls_ = 0;   // under way
  std::unordered_map<Oid, Wanted> wanted_;
  std::unordered_map<Oid, Known> known_;
  std::list<Oid> by_age_;  // of what is known, the oldest first
  std::deque<ObjectId> expected_;
  std::vector<std::jthread> threads_;
};

}  // namespace lazylfs::lfs
