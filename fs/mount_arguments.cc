#include "fs/mount_arguments.h"

#include <array>

#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {
namespace {

// Each option once: its name, and either the switch it sets or how its value is read and written.
struct Option {
  std::string_view name;
  bool MountOptions::*flag = nullptr;
  bool MountRequest::*request_flag = nullptr;
  std::string MountOptions::*text = nullptr;
  std::chrono::milliseconds MountOptions::*milliseconds = nullptr;
};

constexpr auto kOptions = std::to_array<Option>({
    {.name = "ref", .text = &MountOptions::ref},
    {.name = "subdir", .text = &MountOptions::subdir},
    {.name = "follow", .flag = &MountOptions::follow},
    {.name = "follow-interval-ms", .milliseconds = &MountOptions::follow_interval},
    {.name = "all-refs", .flag = &MountOptions::all_refs},
    {.name = "allow-other", .flag = &MountOptions::allow_other},
    {.name = "offline", .flag = &MountOptions::offline},
    {.name = "small-files", .flag = &MountOptions::small_files},
    {.name = "cache-folder", .text = &MountOptions::cache_folder},
    {.name = "remote", .text = &MountOptions::remote},
    {.name = "read-deadline-ms", .milliseconds = &MountOptions::read_deadline},
    {.name = "interactive", .flag = &MountOptions::interactive},
    {.name = "foreground", .request_flag = &MountRequest::foreground},
    {.name = "prepared", .request_flag = &MountRequest::prepared},
});

Error invalid(const std::string& text) { return {Errc::invalid, text}; }

Result<void> set_value(const Option& option, const std::string& value, MountRequest& request) {
  if (option.text != nullptr) {
    request.options.*option.text = value;
    return {};
  }
  const auto number = parse_int(value);
  if (!number || *number < 0) return invalid("--" + std::string(option.name) + " needs a number");
  request.options.*option.milliseconds = std::chrono::milliseconds(*number);
  return {};
}

Result<void> set_special(const std::string& name, const std::string& value, MountRequest& request) {
  if (name == "passthrough" && (value == "off" || value == "auto")) {
    request.options.passthrough =
        value == "off" ? PassthroughMode::off : PassthroughMode::automatic;
    return {};
  }
  const auto fd = parse_int(value);
  if (name == "ready-fd" && fd && *fd >= 0 && *fd < 1024) {
    request.ready_fd = static_cast<int>(*fd);
    return {};
  }
  if (name == "passthrough") return invalid("--passthrough takes auto or off");
  return invalid("unknown option --" + name);
}

// The value of an option is what follows '=', else the next argument.
class Words {
 public:
  explicit Words(std::span<const std::string> words) : words_(words) {}
  bool done() const { return next_ == words_.size(); }
  const std::string& take() { return words_[next_++]; }

 private:
  std::span<const std::string> words_;
  std::size_t next_ = 0;
};

Result<void> read_option(const std::string& word, Words& words, MountRequest& request) {
  std::string_view rest = word;
  rest.remove_prefix(2);
  const bool has_value = rest.find('=') != std::string_view::npos;
  const std::string name(take_until(rest, '='));
  for (const Option& option : kOptions) {
    if (option.name != name) continue;
    if (option.flag != nullptr || option.request_flag != nullptr) {
      if (has_value) return invalid("--" + name + " takes no value");
      if (option.flag != nullptr) request.options.*option.flag = true;
      if (option.request_flag != nullptr) request.*option.request_flag = true;
      return {};
    }
    if (!has_value && words.done()) return invalid("--" + name + " needs a value");
    return set_value(option, has_value ? std::string(rest) : words.take(), request);
  }
  if (!has_value && words.done()) return invalid("unknown option --" + name);
  return set_special(name, has_value ? std::string(rest) : words.take(), request);
}

}  // namespace

Result<MountRequest> parse_mount_arguments(std::span<const std::string> arguments) {
  MountRequest request;
  std::vector<std::string> operands;
  bool only_operands = false;
  Words words(arguments);
  while (!words.done()) {
    const std::string word = words.take();
    if (!only_operands && word == "--") {
      only_operands = true;
    } else if (!only_operands && word.starts_with("--")) {
      TRY(read_option(word, words, request));
    } else if (!only_operands && word.size() > 1 && word[0] == '-') {
      return invalid("unknown option " + word);
    } else {
      operands.push_back(word);
    }
  }
  if (operands.size() != 2) {
    return invalid("usage: git lfs mount [options] <repository or URL> <mountpoint>");
  }
  request.options.source = operands[0];
  request.options.mountpoint = absolute_path(operands[1]);
  return request;
}

std::vector<std::string> to_arguments(const MountRequest& request) {
  std::vector<std::string> words;
  const MountOptions defaults;
  for (const Option& option : kOptions) {
    const std::string name = "--" + std::string(option.name);
    if (option.flag != nullptr && request.options.*option.flag) words.push_back(name);
    if (option.request_flag != nullptr && request.*option.request_flag) words.push_back(name);
    if (option.text != nullptr && !(request.options.*option.text).empty()) {
      words.push_back(name + "=" + request.options.*option.text);
    }
    if (option.milliseconds != nullptr &&
        request.options.*option.milliseconds != defaults.*option.milliseconds) {
      words.push_back(name + "=" + std::to_string((request.options.*option.milliseconds).count()));
    }
  }
  if (request.options.passthrough == PassthroughMode::off) words.emplace_back("--passthrough=off");
  if (request.ready_fd >= 0) words.push_back("--ready-fd=" + std::to_string(request.ready_fd));
  words.emplace_back("--");
  words.push_back(request.options.source);
  words.push_back(request.options.mountpoint);
  return words;
}

}  // namespace lazylfs::fs
