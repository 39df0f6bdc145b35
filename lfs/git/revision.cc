#include "lfs/git/revision.h"

#include <algorithm>
#include <numeric>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kSuggestionsFromMax = 20000;  // refs looked at for a suggestion

// Levenshtein's distance, or `limit` + 1 when it is larger than `limit`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return std::min(row.back(), limit + 1);
}

std::vector<std::string> short_names(git_repository* repository) {
  std::vector<std::string> names;
  ReferenceIteratorHandle iterator;
  if (git_reference_iterator_new(Out(iterator), repository) != 0) return names;
  const char* name = nullptr;
  while (names.size() < kSuggestionsFromMax &&
         git_reference_next_name(&name, iterator.get()) == 0) {
    names.push_back(short_ref_name(name));
  }
  return names;
}

Error no_such_commit(git_repository* repository, std::string_view revision) {
  std::string message = "no branch, tag or commit '" + std::string(revision) + "'";
  if (revision == "HEAD" && git_repository_head_unborn(repository) == 1) {
    return {Errc::not_found, "the repository has no commit yet"};
  }
  const std::string near = nearest_name(revision, short_names(repository));
  if (!near.empty()) message += "; did you mean '" + near + "'?";
  return {Errc::not_found, std::move(message)};
}

}  // namespace

std::string short_ref_name(std::string_view ref) {
  for (const std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/remotes/"}) {
    if (ref.starts_with(prefix)) return std::string(ref.substr(prefix.size()));
  }
  return std::string(ref);
}

std::string nearest_name(std::string_view wanted, const std::vector<std::string>& names) {
  const std::size_t limit = std::clamp<std::size_t>(wanted.size() / 2, 1, 4);
  const std::string lower = to_lower(wanted);
  std::size_t best = limit + 1;
  std::string nearest;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(lower, to_lower(name), limit);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest;
}

Result<Commit> find_commit(git_repository* repository, std::string_view revision) {
  const std::string text(revision);
  if (text.empty() || text.find('\0') != std::string::npos) {
    return Error(Errc::invalid, "an empty revision");
  }
  ObjectHandle object;
  const int rc = git_revparse_single(Out(object), repository, text.c_str());
  if (rc == GIT_EAMBIGUOUS) {
    return Error(Errc::invalid, "'" + text + "' is ambiguous: more than one object begins so");
  }
  if (rc != 0) return no_such_commit(repository, revision);
  ObjectHandle peeled;
  if (git_object_peel(Out(peeled), object.get(), GIT_OBJECT_COMMIT) != 0) {
    return Error(Errc::not_found, "'" + text + "' is a " +
                                      git_object_type2string(git_object_type(object.get())) +
                                      ", not a commit");
  }
  const auto* commit = reinterpret_cast<const git_commit*>(peeled.get());
  return Commit{from_libgit2(*git_commit_id(commit)), from_libgit2(*git_commit_tree_id(commit)),
                git_commit_time(commit)};
}

Result<CommitObject> parse_commit(const GitOid& oid, std::string_view data) {
  const auto value_of = [&data](std::string_view key) -> std::optional<std::string_view> {
    if (!data.starts_with(key)) return std::nullopt;
    std::string_view line = take_until(data, '\n');
    line.remove_prefix(key.size());
    return line;
  };
  CommitObject object;
  object.commit.oid = oid;
  object.commit.tree = TRY(GitOid::parse(value_of("tree ").value_or("")));
  while (const auto parent = value_of("parent ")) {
    object.parents.push_back(TRY(GitOid::parse(*parent)));
  }
  (void)value_of("author ");
  // "name <mail> seconds zone": the name may contain anything but a line end.
  const std::string_view committer = value_of("committer ").value_or("");
  const std::size_t zone = committer.rfind(' ');
  const std::size_t seconds =
      zone == std::string_view::npos ? zone : committer.rfind(' ', zone - 1);
  if (seconds != std::string_view::npos) {
    const auto time = parse_int(committer.substr(seconds + 1, zone - seconds - 1));
    object.commit.time = time.value_or(0);
  }
  return object;
}

std::vector<RefName> list_refs(git_repository* repository, bool others) {
  std::vector<RefName> refs;
  ReferenceIteratorHandle iterator;
  if (git_reference_iterator_new(Out(iterator), repository) != 0) return refs;
  while (true) {
    ReferenceHandle reference;
    if (git_reference_next(Out(reference), iterator.get()) != 0) break;
    const std::string_view name = git_reference_name(reference.get());
    const bool wanted = others || name.starts_with("refs/heads/") ||
                        name.starts_with("refs/tags/") || name.starts_with("refs/remotes/");
    ObjectHandle commit;
    if (!wanted || git_reference_peel(Out(commit), reference.get(), GIT_OBJECT_COMMIT) != 0) {
      continue;
    }
    refs.push_back({std::string(name), from_libgit2(*git_object_id(commit.get()))});
  }
  return refs;
}

std::string head_branch(git_repository* repository) {
  ReferenceHandle head;
  if (git_reference_lookup(Out(head), repository, "HEAD") != 0) return "";
  const char* target = git_reference_symbolic_target(head.get());
  return target == nullptr ? "" : target;
}

}  // namespace lazylfs::lfs
