#include "lfs/locks/lock_client.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/git/config.h"
#include "lfs/locks/lock_ssh.h"
#include "lfs/locks/lockable.h"
#include "lfs/queue/ssh_connection.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kLocksMax = 1'000'000;

// Whether `path`, which a server told us, names something in `work_tree` and not behind a link.
bool is_inside(const std::string& work_tree, std::string_view path) {
  std::string walked = work_tree;
  while (!path.empty()) {
    const std::string_view part = take_until(path, '/');
    if (part.empty() || part == "." || part == ".." || equals_ignoring_case(part, ".git")) {
      return false;
    }
    walked.append("/").append(part);
    struct stat status {};
    if (::lstat(walked.c_str(), &status) != 0) return false;
    if (!path.empty() && !S_ISDIR(status.st_mode)) return false;
  }
  return true;
}

// What tells one page from the next; a server that repeats itself would keep us for ever.
Result<bool> go_on(std::string& cursor, const std::string& next, std::size_t found) {
  if (next.empty()) return false;
  if (next == cursor || found > kLocksMax) {
    return Error(Errc::corrupt, "the server's list of locks does not end");
  }
  cursor = next;
  return true;
}

// Asks each operation's server in the way that it speaks: git-lfs-transfer over SSH, or HTTP. Locks
// are listed where one downloads from.
class RemoteLockApi : public LockApi {
 public:
  RemoteLockApi(TransferEnvironment& environment, std::string remote)
      : environment_(environment),
        remote_(std::move(remote)),
        http_([this](const ApiCall& call) { return call_http(call); }) {}

  Result<Lock> create(const std::string& path, const std::string& ref) override {
    LockApi* const server = TRY(server_of(Operation::upload));
    return server->create(path, ref);
  }
  Result<Lock> remove(const std::string& id, bool force, const std::string& ref) override {
    LockApi* const server = TRY(server_of(Operation::upload));
    return server->remove(id, force, ref);
  }
  Result<LockPage> list(const LockQuery& query) override {
    LockApi* const server = TRY(server_of(Operation::download));
    return server->list(query);
  }
  Result<VerifiedPage> verify(const LockQuery& query) override {
    LockApi* const server = TRY(server_of(Operation::upload));
    return server->verify(query);
  }

 private:
  Result<LockApi*> server_of(Operation operation) {
    const auto endpoint = environment_.endpoint(operation, remote_);
    if (!endpoint && endpoint.error().code() == Errc::not_found) return no_server("");
    if (!endpoint) return endpoint.error();
    if (endpoint->is_file()) return no_server(endpoint->url);
    SshPool* const pool = TRY(environment_.ssh(operation, remote_));
    if (pool == nullptr) return &http_;
    return &ssh_;
  }

  static Error no_server(const std::string& url) {
    return {Errc::not_found, "missing protocol: \"" + url + '"'};
  }

  Result<ApiResponse> call_http(const ApiCall& call) {
    ApiClient* const client = TRY(environment_.client(call.operation, remote_));
    return client->call(call);
  }

  Result<SshLockReply> call_ssh(const SshLockCall& call) {
    SshPool* const pool = TRY(environment_.ssh(call.operation, remote_));
    if (pool == nullptr) return Error(Errc::unreachable, "the SSH connection is gone");
    SshRequest request;
    request.command = call.command;
    request.arguments = call.arguments;
    SshReply reply = TRY(pool->call(request));
    return SshLockReply{reply.status, std::move(reply.arguments), std::move(reply.lines)};
  }

  TransferEnvironment& environment_;
  const std::string remote_;
  HttpLockApi http_;
  SshLockApi ssh_{[this](const SshLockCall& call) { return call_ssh(call); }};
};

}  // namespace

class LockClient::Impl {
 public:
  Impl(const Repository& repository, LockCache cache, std::unique_ptr<LockApi> api, std::string ref)
      : repository_(repository),
        cache_(std::move(cache)),
        api_(std::move(api)),
        ref_(std::move(ref)) {}

  Result<Lock> lock(const std::string& path) {
    Lock made = TRY(api_->create(path, ref_));
    TRY_CONTEXT("lock cache", cache_.add(made));
    const auto writable = set_writable(repository_.work_tree() + '/' + path, true);
    if (!writable && writable.error().code() != Errc::not_found) {
      return writable.error().with_context("set file write flag");
    }
    return made;
  }

  Result<Lock> unlock_by_path(const std::string& path, bool force) {
    const auto id = id_of(path);
    if (!id) return id.error().with_context("unable to get lock ID");
    return unlock_by_id(*id, force);
  }

  Result<Lock> unlock_by_id(const std::string& id, bool force) {
    Lock gone = TRY(api_->remove(id, force, ref_));
    TRY_CONTEXT("error caching unlock information", cache_.remove(id));
    TRY(protect(gone.path));
    return gone;
  }

  Result<void> search(const LockSearch& search, std::vector<Lock>& found) {
    LockQuery query{
        .path = search.path, .id = search.id, .limit = search.limit, .ref = ref_, .cursor = ""};
    TRY(list(query, found));
    if (!search.path.empty() || !search.id.empty() || search.limit > 0) return {};
    return cache_.remember_listing(ref_, found);
  }

  Result<VerifiedLocks> verify(std::uint64_t limit) {
    VerifiedLocks found;
    LockQuery query{.path = "", .id = "", .limit = limit, .ref = ref_, .cursor = ""};
    for (;;) {
      VerifiedPage page = TRY(api_->verify(query));
      const auto take = [&](std::vector<Lock>& from, std::vector<Lock>& to) {
        for (Lock& lock : from) {
          if (limit > 0 && found.ours.size() + found.theirs.size() >= limit) return;
          to.push_back(std::move(lock));
        }
      };
      take(page.locks.ours, found.ours);
      take(page.locks.theirs, found.theirs);
      const std::size_t count = found.ours.size() + found.theirs.size();
      if (limit > 0 && count >= limit) return found;
      if (!TRY(go_on(query.cursor, page.next_cursor, count))) break;
    }
    if (limit == 0) TRY(cache_.remember_verified(ref_, found));
    return found;
  }

  std::vector<Lock> cached() const { return cache_.own().value_or(std::vector<Lock>{}); }

 private:
  Result<void> list(LockQuery query, std::vector<Lock>& found) {
    for (;;) {
      LockPage page = TRY(api_->list(query));
      for (Lock& lock : page.locks) {
        found.push_back(std::move(lock));
        if (query.limit > 0 && found.size() >= query.limit) return {};
      }
      if (!TRY(go_on(query.cursor, page.next_cursor, found.size()))) return {};
    }
  }

  // Asks the server even when the cache knows: the lock may have been taken away meanwhile.
  Result<std::string> id_of(const std::string& path) {
    std::vector<Lock> found;
    TRY(list({.path = path, .id = "", .limit = 0, .ref = "", .cursor = ""}, found));
    if (found.empty()) return Error(Errc::not_found, "no matching locks found");
    if (found.size() > 1) return Error(Errc::invalid, "multiple locks found; ambiguous");
    return found[0].id;
  }

  Result<void> protect(const std::string& path) {
    if (path.empty() || !manages_write_bits(repository_.config())) return {};
    if (repository_.is_bare() || !is_inside(repository_.work_tree(), path)) return {};
    const LockableFiles lockable(repository_);
    const std::vector<std::string> lockables = TRY(lockable.among({path}));
    if (lockables.empty()) return {};
    return set_writable(repository_.work_tree() + '/' + path, false);
  }

  const Repository& repository_;
  LockCache cache_;
  std::unique_ptr<LockApi> api_;
  std::string ref_;
};

LockClient::LockClient(const Repository& repository, LockCache cache, std::unique_ptr<LockApi> api,
                       std::string ref)
    : impl_(std::make_unique<Impl>(repository, std::move(cache), std::move(api), std::move(ref))) {}

LockClient::LockClient(TransferEnvironment& environment, std::string remote, std::string ref)
    : impl_(std::make_unique<Impl>(
          environment.repository(), LockCache(ObjectStore::of(environment.repository()).folder()),
          std::make_unique<RemoteLockApi>(environment, std::move(remote)), std::move(ref))) {}

LockClient::~LockClient() = default;

Result<Lock> LockClient::lock(const std::string& path) { return impl_->lock(path); }
Result<Lock> LockClient::unlock_by_path(const std::string& path, bool force) {
  return impl_->unlock_by_path(path, force);
}
Result<Lock> LockClient::unlock_by_id(const std::string& id, bool force) {
  return impl_->unlock_by_id(id, force);
}
Result<void> LockClient::search(const LockSearch& search, std::vector<Lock>& found) {
  return impl_->search(search, found);
}
Result<VerifiedLocks> LockClient::verify(std::uint64_t limit) { return impl_->verify(limit); }
std::vector<Lock> LockClient::cached() const { return impl_->cached(); }

std::string lock_ref(const Config& config, const std::string& remote, const std::string& branch) {
  if (branch.empty()) return "HEAD";
  constexpr std::string_view kHeads = "refs/heads/";
  const std::string name = branch.starts_with(kHeads) ? branch.substr(kHeads.size()) : branch;
  const std::string mode = config.get("push.default").value_or("simple");
  const bool tracks = mode == "upstream" || mode == "tracking" ||
                      ((mode == "simple" || mode.empty()) &&
                       config.get("branch." + name + ".remote").value_or("") == remote);
  if (!tracks && mode != "current" && mode != "simple" && !mode.empty()) {
    TRACE(TraceArea::general, "WARNING: \"" << mode << "\" push mode not supported");
  }
  return tracks ? config.get("branch." + name + ".merge").value_or(branch) : branch;
}

}  // namespace lazylfs::lfs
