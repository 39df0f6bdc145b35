#include "lfs/migrate/ref_update.h"

#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/migrate/commit_text.h"

namespace lazylfs::lfs {
namespace {

constexpr int kTagDepthMax = 64;
constexpr auto kTimeout = std::chrono::hours(1);

class Retargeter {
 public:
  Retargeter(const Repository& repository, const CommitMap& commits, PackWriter& pack)
      : repository_(repository), commits_(commits), pack_(pack) {}

  // What `oid` has become; itself when it has not changed.
  Result<GitOid> find(const GitOid& oid, bool is_tag, int depth = 0) {
    const auto commit = commits_.find(oid);
    if (commit != commits_.end()) return commit->second;
    if (!is_tag || depth > kTagDepthMax) return oid;
    const auto known = tags_.find(oid);
    if (known != tags_.end()) return known->second;
    const RawObject tag = TRY(repository_.read_object(oid));
    const TagTarget target = TRY_CONTEXT("git tag " + oid.hex(), parse_tag_target(tag.data));
    const GitOid moved = TRY(find(target.oid, target.type == "tag", depth + 1));
    GitOid result = oid;
    if (moved != target.oid) {
      result = TRY(pack_.add(ObjectType::tag, replace_tag_target(tag.data, moved)));
    }
    tags_.emplace(oid, result);
    return result;
  }

 private:
  const Repository& repository_;
  const CommitMap& commits_;
  PackWriter& pack_;
  CommitMap tags_;
};

}  // namespace

Result<std::vector<RefMove>> plan_ref_moves(const Repository& repository,
                                            const std::vector<StoredRef>& refs,
                                            const CommitMap& commits, PackWriter& pack) {
  Retargeter retargeter(repository, commits, pack);
  std::vector<RefMove> moves;
  for (const StoredRef& ref : refs) {
    if (ref.is_symbolic || ref.name.starts_with("refs/remotes/")) continue;
    const GitOid after = TRY(retargeter.find(ref.target, ref.type == "tag"));
    if (after != ref.target) moves.push_back({ref.name, ref.target, after});
  }
  return moves;
}

Result<void> move_refs(const Repository& repository, const std::vector<RefMove>& moves,
                       const std::string& message) {
  if (moves.empty()) return {};
  std::string input = "start";
  input += '\0';
  for (const RefMove& move : moves) {
    input += "update " + move.name + '\0' + move.after.hex() + '\0' + move.before.hex() + '\0';
  }
  for (const char* step : {"prepare", "commit"}) {
    input += step;
    input += '\0';
  }
  RunOptions options;
  options.input = input;
  options.timeout = kTimeout;
  std::vector<std::string> words = {"update-ref", "--stdin", "-z"};
  if (!message.empty()) words.insert(words.begin() + 1, {"-m", message});
  const CommandOutput output = TRY(run_command(repository.git(std::move(words)), options));
  if (output.exit_code == 0) return {};
  return Error(Errc::busy, "could not update the references, none was changed: " +
                               std::string(trim(output.err)));
}

}  // namespace lazylfs::lfs
