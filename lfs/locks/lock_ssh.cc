#include "lfs/locks/lock_ssh.h"

#include <algorithm>
#include <optional>

#include "lfs/api/messages.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kMessageBytesMax = 1024;

// An argument ends at its line's end, so that a path with one in it cannot be told.
Result<std::string> argument(std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\n\0", 2)) != std::string_view::npos) {
    return Error(Errc::unsupported, "a line end in a path cannot be sent over SSH");
  }
  return std::string(name) + '=' + std::string(value);
}

std::string value_of(const SshLockReply& reply, std::string_view name) {
  for (const std::string& argument : reply.arguments) {
    std::string_view value = argument;
    if (take_until(value, '=') == name) return std::string(value);
  }
  return {};
}

Result<void> check(const SshLockReply& reply, const std::string& action) {
  if (reply.status >= 200 && reply.status < 300) return {};
  const std::string told = reply.lines.empty() ? "no message" : reply.lines[0];
  const Errc code = reply.status == 403                          ? Errc::denied
                    : reply.status == 404 || reply.status == 405 ? Errc::not_found
                    : reply.status == 501                        ? Errc::unsupported
                                                                 : Errc::invalid;
  return Error(code, action + ": " + presentable(told, kMessageBytesMax));
}

Result<Lock> lock_of(const SshLockReply& reply) {
  Lock lock;
  lock.id = value_of(reply, "id");
  lock.path = value_of(reply, "path");
  lock.owner = value_of(reply, "ownername");
  lock.locked_at = value_of(reply, "locked-at");
  if (lock.id.empty() || lock.path.empty()) {
    return Error(Errc::corrupt, "the server's reply has no lock in it");
  }
  return lock;
}

struct ListedLock {
  Lock lock;
  bool ours = false;
};

// "lock <id>", then "path <id> <path>" and the like about the same lock. Unknown lines are passed
// over.
Result<std::vector<ListedLock>> parse_list(const std::vector<std::string>& lines) {
  std::vector<ListedLock> locks;
  for (const std::string& line : lines) {
    std::string_view rest = line;
    const std::string_view kind = take_until(rest, ' ');
    const std::string id(take_until(rest, ' '));
    if (kind == "lock") {
      locks.emplace_back().lock.id = id;
      continue;
    }
    if (locks.empty() || locks.back().lock.id != id) {
      return Error(Errc::corrupt, "the server's list of locks is out of order");
    }
    ListedLock& listed = locks.back();
    if (kind == "path") listed.lock.path = std::string(rest);
    if (kind == "locked-at") listed.lock.locked_at = std::string(rest);
    if (kind == "ownername") listed.lock.owner = std::string(rest);
    if (kind == "owner") listed.ours = rest == "ours";
  }
  const bool whole = std::ranges::none_of(
      locks, [](const ListedLock& listed) { return listed.lock.path.empty(); });
  if (!whole) return Error(Errc::corrupt, "a lock of the server's list has no path");
  return locks;
}

Result<SshLockCall> list_call(const LockQuery& query, Operation operation) {
  SshLockCall call;
  call.operation = operation;
  call.command = "list-lock";
  const auto add = [&call](std::string_view name, const std::string& value) -> Result<void> {
    if (value.empty()) return {};
    call.arguments.push_back(TRY(argument(name, value)));
    return {};
  };
  TRY(add("path", query.path));
  TRY(add("id", query.id));
  TRY(add("cursor", query.cursor));
  TRY(add("limit", query.limit == 0 ? "" : std::to_string(query.limit)));
  TRY(add("refname", query.ref));
  return call;
}

}  // namespace

Result<Lock> SshLockApi::create(const std::string& path, const std::string& ref) {
  SshLockCall call;
  call.operation = Operation::upload;
  call.command = "lock";
  call.arguments.push_back(TRY(argument("path", path)));
  if (!ref.empty()) call.arguments.push_back(TRY(argument("refname", ref)));
  const SshLockReply reply = TRY(call_(call));
  TRY(check(reply, "server unable to create lock"));
  return lock_of(reply);
}

Result<Lock> SshLockApi::remove(const std::string& id, bool force, const std::string& ref) {
  const bool plain = std::ranges::all_of(
      id, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
  if (id.empty() || !plain) return Error(Errc::invalid, "not the id of a lock: " + id);
  SshLockCall call;
  call.operation = Operation::upload;
  call.command = "unlock " + id;
  if (force) call.arguments.emplace_back("force=true");
  if (!ref.empty()) call.arguments.push_back(TRY(argument("refname", ref)));
  const SshLockReply reply = TRY(call_(call));
  TRY(check(reply, "server unable to unlock"));
  Lock lock = lock_of(reply).value_or(Lock{});
  lock.id = id;
  return lock;
}

Result<LockPage> SshLockApi::list(const LockQuery& query) {
  const SshLockCall call = TRY(list_call(query, Operation::download));
  const SshLockReply reply = TRY(call_(call));
  TRY(check(reply, "server error searching for locks"));
  const std::vector<ListedLock> locks = TRY(parse_list(reply.lines));
  LockPage page;
  for (const ListedLock& listed : locks) page.locks.push_back(listed.lock);
  page.next_cursor = value_of(reply, "next-cursor");
  return page;
}

Result<VerifiedPage> SshLockApi::verify(const LockQuery& query) {
  const SshLockCall call = TRY(list_call(query, Operation::upload));
  const SshLockReply reply = TRY(call_(call));
  const Result<void> fine = check(reply, "server error searching locks");
  if (!fine) {
    const bool unknown = fine.error().code() == Errc::not_found;
    return unknown ? Error(Errc::unsupported, fine.error().message()) : fine.error();
  }
  const std::vector<ListedLock> locks = TRY(parse_list(reply.lines));
  VerifiedPage page;
  for (const ListedLock& listed : locks) {
    (listed.ours ? page.locks.ours : page.locks.theirs).push_back(listed.lock);
  }
  page.next_cursor = value_of(reply, "next-cursor");
  return page;
}

}  // namespace lazylfs::lfs
