// Commits leave a queue newest first. An excluded commit hands its mark to its parents, and the
// walk ends as soon as no wanted commit waits: so what a remote has already costs nothing, however
// long its history is. Where clocks were wrong, a commit may be met before the mark that excludes
// it; hence a few more steps are taken, as git does, and marks are looked at again in the end.
#include "lfs/git/history.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr int kExtraSteps = 5;
constexpr std::size_t kShallowBytesMax = 64U << 20U;

using OidSet = std::unordered_set<GitOid, GitOidHash>;

OidSet shallow_commits(const Repository& repository) {
  OidSet set;
  const Result<std::string> text =
      read_file(repository.common_folder() + "/shallow", kShallowBytesMax);
  if (!text) return set;
  for (const std::string_view line : split(*text, '\n')) {
    const Result<GitOid> oid = GitOid::parse(trim(line));
    if (oid) set.insert(*oid);
  }
  return set;
}

struct Node {
  CommitObject commit;
  bool excluded = false;
  bool done = false;  // has left the queue
};

class Walk {
 public:
  Walk(const Repository& repository, const WalkOptions& options)
      : repository_(repository), options_(options), shallow_(shallow_commits(repository)) {}

  Result<CommitWalk> run() {
    for (const GitOid& oid : options_.exclude) TRY(meet(oid, true));
    for (const GitOid& oid : options_.include) TRY(meet(oid, false));
    int extra = kExtraSteps;
    while (!queue_.empty()) {
      if (wanted_waiting_ == 0 && (order_.empty() || extra-- == 0)) break;
      TRY(step());
    }
    return result();
  }

 private:
  struct Waiting {
    std::int64_t time;
    std::uint64_t number;  // the first met goes first among equals
    GitOid oid;
    bool operator<(const Waiting& other) const {
      return time != other.time ? time < other.time : number > other.number;
    }
  };

  Result<void> meet(const GitOid& oid, bool excluded) {
    const auto known = nodes_.find(oid);
    if (known != nodes_.end()) {
      if (excluded && !known->second.excluded) exclude(known->second);
      return {};
    }
    Result<CommitObject> commit = repository_.read_commit(oid);
    if (!commit) {
      if (commit.error().code() == Errc::not_found) return {};
      return commit.error();
    }
    if (shallow_.contains(oid)) commit->parents.clear();
    queue_.push({commit->commit.time, met_++, oid});
    if (!excluded) ++wanted_waiting_;
    nodes_.emplace(oid, Node{std::move(*commit), excluded, false});
    return {};
  }

  // Marks a commit that was met before as excluded, and what it has passed on already.
  void exclude(Node& first) {
    std::vector<Node*> left{&first};
    while (!left.empty()) {
      Node& node = *left.back();
      left.pop_back();
      if (node.excluded) continue;
      node.excluded = true;
      if (!node.done) {
        --wanted_waiting_;
        continue;
      }
      for (const GitOid& parent : node.commit.parents) {
        const auto found = nodes_.find(parent);
        if (found != nodes_.end()) left.push_back(&found->second);
      }
    }
  }

  Result<void> step() {
    const Waiting next = queue_.top();
    queue_.pop();
    Node& node = nodes_.find(next.oid)->second;  // stays where it is when others are added
    node.done = true;
    if (!node.excluded) {
      --wanted_waiting_;
      if (next.time < options_.not_before) return {};
      order_.push_back(&node);
    }
    for (const GitOid& parent : node.commit.parents) TRY(meet(parent, node.excluded));
    return {};
  }

  CommitWalk result() const {
    CommitWalk walk;
    OidSet edges;
    const auto add_edge = [&](const GitOid& oid) {
      const auto found = nodes_.find(oid);
      if (found == nodes_.end() || !found->second.excluded) return;
      if (edges.insert(oid).second) walk.edges.push_back(oid);
    };
    for (const Node* node : order_) {
      if (node->excluded) continue;
      walk.commits.push_back(node->commit);
      for (const GitOid& parent : node->commit.parents) add_edge(parent);
    }
    if (!walk.commits.empty()) {
      for (const GitOid& oid : options_.exclude) add_edge(oid);
    }
    return walk;
  }

  const Repository& repository_;
  const WalkOptions& options_;
  const OidSet shallow_;
  std::unordered_map<GitOid, Node, GitOidHash> nodes_;
  std::priority_queue<Waiting> queue_;
  std::vector<const Node*> order_;
  std::uint64_t met_ = 0;
  std::uint64_t wanted_waiting_ = 0;
};

}  // namespace

Result<CommitWalk> walk_commits(const Repository& repository, const WalkOptions& options) {
  return Walk(repository, options).run();
}

}  // namespace lazylfs::lfs
