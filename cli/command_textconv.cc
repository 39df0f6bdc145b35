// textconv: what a diff shows of a tracked file. Git hands over a pointer (a blob's) or the file of
// the work tree, and compares what is printed. It must stay small, so large and binary content is
// described, by its size and oid: two descriptions differ exactly when the contents do.
#include <unistd.h>

#include <algorithm>

#include "cli/command_functions.h"
#include "cli/content_of_file.h"
#include "cli/filter_session.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

constexpr std::uint64_t kShownBytesMax = 16'000'000;
// Where git looks for a zero byte to call a file binary.
constexpr std::size_t kJudgedBytes = 8000;

// Keeps content up to a number of bytes, hashes and counts all of it.
class BoundedContent final : public lfs::ByteOutput {
 public:
  explicit BoundedContent(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  Result<void> write(std::span<const std::byte> data) override {
    hash_.update(data);
    const std::uint64_t room = bytes_max_ - text_.size();
    text_.append(reinterpret_cast<const char*>(data.data()),
                 static_cast<std::size_t>(std::min<std::uint64_t>(room, data.size())));
    return {};
  }
  ObjectId id() const { return {hash_.digest(), hash_.bytes_hashed()}; }
  const std::string& text() const { return text_; }
  bool is_binary() const { return text_.substr(0, kJudgedBytes).find('\0') != std::string::npos; }

 private:
  const std::uint64_t bytes_max_;
  std::string text_;
  Sha256 hash_;
};

std::string describe(std::string_view kind, const ObjectId& id) {
  return "Git LFS file, " + std::string(kind) + ": " + format_size(id.size) + " (" +
         std::to_string(id.size) + " bytes)\noid sha256:" + id.oid.hex() + '\n';
}

// What is known without the content.
std::string describe_missing(const lfs::Pointer& pointer) {
  return describe("not downloaded", pointer.id());
}

}  // namespace

Result<ExitCode> run_textconv(Context& context, const Arguments& arguments) {
  std::uint64_t bytes_max = kShownBytesMax;
  if (const auto given = arguments.value("max-size")) {
    const auto size = parse_size(*given);
    if (!size) {
      return usage_error(context, "textconv",
                         "invalid argument \"" + *given + "\" for \"--max-size\" flag");
    }
    bytes_max = *size;
  }
  const std::string& path = arguments.positional[0];
  const FileFront front = TRY(read_file_front(path));
  if (front.pointer && front.pointer->size > bytes_max) {
    TRY(write_all(STDOUT_FILENO, describe("large", front.pointer->id())));
    return ExitCode::ok;
  }
  auto opened = TRY(FilterSession::open(context));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  FilterSession& session = *std::get<std::unique_ptr<FilterSession>>(opened);

  const bool may_download = session.rules(arguments.is_set("no-download")).wants(path);
  if (front.pointer && !may_download && !session.store().find(front.pointer->id())) {
    TRY(write_all(STDOUT_FILENO, describe_missing(*front.pointer)));
    return ExitCode::ok;
  }
  BoundedContent content(bytes_max);
  const Result<void> read = write_content_of(session, path, front, base_name(path), content);
  if (!read) {
    if (!front.pointer) return read.error();
    // A converter that fails would end the whole diff.
    context.err << read.error().message() << '\n';
    TRY(write_all(STDOUT_FILENO, describe_missing(*front.pointer)));
    return ExitCode::ok;
  }
  // Extensions may have made other bytes of the object: the description is of the object then, as
  // it is where the content was not looked at.
  const ObjectId id = front.pointer ? front.pointer->id() : content.id();
  if (content.id().size > bytes_max) {
    TRY(write_all(STDOUT_FILENO, describe("large", id)));
  } else if (content.is_binary()) {
    TRY(write_all(STDOUT_FILENO, describe("binary", id)));
  } else {
    TRY(write_all(STDOUT_FILENO, content.text()));
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
