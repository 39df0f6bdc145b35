#include "lfs/migrate/size_survey.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "lfs/base/guarded.h"
#include "lfs/migrate/export_plan.h"

namespace lazylfs::lfs {
namespace {

constexpr unsigned kThreadsMax = 8;
constexpr std::size_t kBlobsAThreadMin = 256;

struct Weight {
  std::uint64_t bytes = 0;
  bool is_pointer = false, failed = false;
};

// "*.png" for "a/b.png", "Makefile" for "a/Makefile".
std::string group_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  const bool has_extension = dot != std::string_view::npos && dot + 1 < name.size();
  return has_extension ? '*' + std::string(name.substr(dot)) : std::string(name);
}

Result<Weight> weigh(const Repository& repository, const GitOid& oid, PointerMode mode) {
  const SmallBlob blob = TRY(
      repository.read_small_blob(oid, mode == PointerMode::no_follow ? 0 : kPointerBytesMax - 1));
  if (blob.content && mode != PointerMode::no_follow) {
    const Result<Pointer> pointer = parse_pointer(*blob.content);
    if (pointer) return Weight{pointer->size, true, false};
  }
  return Weight{blob.header.size, false, false};
}

}  // namespace

SizeSurvey::SizeSurvey(const Repository& repository, SurveyOptions options)
    : repository_(repository), options_(std::move(options)) {}

Result<void> SizeSurvey::enter(const GitOid& root) {
  if (!options_.fixup) return {};
  commit_attributes_.emplace(repository_, root);
  return commit_attributes_->check();
}

Result<bool> SizeSurvey::plan(const std::string& path, const GitOid& blob) {
  if (options_.fixup && !TRY(commit_attributes_->is_lfs(path))) return false;
  const auto next = static_cast<std::uint32_t>(names_.size());
  blobs_.push_back({blob, names_.try_emplace(group_name(path), next).first->second});
  return false;
}

Result<SurveyResult> SizeSurvey::finish() {
  std::vector<Weight> weights(blobs_.size());
  std::atomic<std::size_t> next{0};
  Guarded<std::optional<Error>> failure;
  const auto work = [&] {
    while (true) {
      const std::size_t i = next++;
      if (i >= blobs_.size()) return;
      Result<Weight> weight = weigh(repository_, blobs_[i].oid, options_.pointers);
      if (weight) {
        weights[i] = *weight;
      } else {
        *failure.lock() = weight.error();
      }
    }
  };
  const unsigned most = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < most && blobs_.size() > i * kBlobsAThreadMin; ++i) {
    threads.emplace_back(work);
  }
  work();
  for (std::thread& thread : threads) thread.join();
  if (const auto error = *failure.lock()) return *error;

  std::vector<SizeGroup> groups(names_.size());
  for (const auto& [name, number] : names_) groups[number].name = name;
  SizeGroup pointers{"LFS Objects"};
  for (std::size_t i = 0; i < blobs_.size(); ++i) {
    if (weights[i].is_pointer && options_.pointers == PointerMode::ignore) continue;
    SizeGroup& group = weights[i].is_pointer ? pointers : groups[blobs_[i].group];
    ++group.count;
    if (weights[i].bytes <= options_.above) continue;
    ++group.count_above;
    group.bytes_above += weights[i].bytes;
  }
  SurveyResult result;
  for (SizeGroup& group : groups) {
    if (group.count_above > 0) result.groups.push_back(std::move(group));
  }
  std::ranges::sort(result.groups, [](const SizeGroup& a, const SizeGroup& b) {
    return a.bytes_above != b.bytes_above ? a.bytes_above > b.bytes_above : a.name < b.name;
  });
  if (pointers.count > 0) result.pointers = std::move(pointers);
  return result;
}

}  // namespace lazylfs::lfs
