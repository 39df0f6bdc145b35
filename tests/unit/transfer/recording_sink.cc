#include "recording_sink.h"

#include <algorithm>
#include <chrono>
#include <random>

namespace lazylfs::lfs {
namespace {

constexpr std::chrono::seconds kPatience{30};

}  // namespace

std::vector<std::byte> content_of_size(std::uint64_t size) {
  std::minstd_rand random(1);
  std::vector<std::byte> content(size);
  for (std::byte& byte : content) byte = static_cast<std::byte>(random());
  return content;
}

void RecordingSink::begin(ByteRange range) {
  const std::lock_guard lock(mutex_);
  if (result_) broken_.emplace_back("begin after done");
  began_ = range;
  at_ = range.offset;
}

Result<void> RecordingSink::data(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  if (result_) broken_.emplace_back("data after done");
  if (offset < at_) broken_.emplace_back("an offset went back");
  if (bytes.empty()) broken_.emplace_back("no bytes");
  if (offset + bytes.size() > content_.size()) {
    broken_.emplace_back("bytes beyond the end");
    return {};
  }
  at_ = offset;
  bytes_ += bytes.size();
  const auto place = static_cast<std::ptrdiff_t>(offset);
  if (!std::equal(bytes.begin(), bytes.end(), content_.begin() + place)) {
    broken_.emplace_back("wrong bytes at " + std::to_string(offset));
  }
  std::fill_n(got_.begin() + place, bytes.size(), true);
  changed_.notify_all();
  return {};
}

void RecordingSink::done(Result<void> result) {
  const std::lock_guard lock(mutex_);
  if (result_) broken_.emplace_back("done twice");
  result_ = std::move(result);
  changed_.notify_all();
}

std::string RecordingSink::outcome() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return result_.has_value(); })) {
    return "never ended";
  }
  return *result_ ? "ok" : std::string(errc_name(result_->error().code()));
}

std::string RecordingSink::message() {
  const std::lock_guard lock(mutex_);
  return result_ && !*result_ ? result_->error().message() : "";
}

bool RecordingSink::has(ByteRange range) {
  const std::lock_guard lock(mutex_);
  const auto begin = got_.begin() + static_cast<std::ptrdiff_t>(range.offset);
  return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(range.length),
                     [](bool got) { return got; });
}

std::optional<ByteRange> RecordingSink::began() {
  const std::lock_guard lock(mutex_);
  return began_;
}

void RecordingSink::wait_for_data() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [this] { return bytes_ > 0 || result_.has_value(); });
}

std::vector<std::string> RecordingSink::broken() {
  const std::lock_guard lock(mutex_);
  return broken_;
}

}  // namespace lazylfs::lfs
