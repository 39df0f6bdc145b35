#include "lfs/migrate/import_plan.h"

#include <csignal>
#include <thread>

#include "lfs/attributes/attribute_line.h"
#include "lfs/base/fd.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kInMemoryBytesMax = 4U << 20U;

class TextInput final : public ByteInput {
 public:
  explicit TextInput(std::string_view text) : rest_(as_bytes(text)) {}
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), rest_.size());
    std::copy_n(rest_.begin(), count, into.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  std::span<const std::byte> rest_;
};

// The common case: no extensions, and content that is in memory.
Result<std::optional<std::string>> clean_text(const ObjectStore& store, std::string_view text) {
  if (text.size() < kPointerBytesMax && parse_pointer(text)) return std::optional<std::string>();
  Pointer pointer;
  pointer.oid = Sha256::of(text);
  pointer.size = text.size();
  if (!store.find(pointer.id())) TRY(store.put(as_bytes(text), pointer.id()));
  return std::optional(format_pointer(pointer));
}

// Streams the blob through a pipe from a thread of its own.
Result<Cleaned> clean_stream(const Repository& repository, const ObjectStore& store,
                             const std::vector<Extension>& extensions, const GitOid& blob,
                             const std::string& path) {
  Pipe pipe = TRY(make_pipe());
  widen_pipe(pipe.write_end.get());
  Result<void> written;
  std::thread reader([&] {
    // The other end may stop reading; that is an error here, not the process's end.
    sigset_t broken{};
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, nullptr);
    written = repository.write_blob_to(blob, pipe.write_end.get());
    pipe.write_end.reset();
  });
  FdInput input(pipe.read_end.get());
  Result<Cleaned> cleaned = clean(input, store, extensions, path);
  pipe.read_end.reset();
  reader.join();
  if (cleaned && !written) return written.error();
  return cleaned;
}

}  // namespace

Result<std::optional<std::string>> clean_blob(const Repository& repository,
                                              const ObjectStore& store,
                                              const std::vector<Extension>& extensions,
                                              const GitOid& blob, const std::string& path) {
  const SmallBlob small = TRY(repository.read_small_blob(blob, kInMemoryBytesMax));
  if (small.content && extensions.empty()) return clean_text(store, *small.content);
  Cleaned cleaned;
  if (small.content) {
    TextInput input(*small.content);
    cleaned = TRY(clean(input, store, extensions, path));
  } else {
    cleaned = TRY(clean_stream(repository, store, extensions, blob, path));
  }
  if (!cleaned.pointer) return std::optional<std::string>();
  return std::optional(std::move(cleaned.text));
}

ImportPlan::ImportPlan(const Repository& repository, const ObjectStore& store,
                       std::vector<Extension> extensions, ImportOptions options)
    : repository_(repository),
      store_(store),
      extensions_(std::move(extensions)),
      options_(std::move(options)),
      lines_(lines_of_patterns(options_.selection.include(), options_.selection.exclude(),
                               Direction::to_lfs)),
      grows_(lines_.size() == 0) {}

Result<void> ImportPlan::enter(const GitOid& root) {
  if (!options_.fixup) return {};
  commit_attributes_.emplace(repository_, root);
  return commit_attributes_->check();
}

Result<bool> ImportPlan::plan(const std::string& path, const GitOid& blob) {
  if (options_.above > 0) {
    if (TRY(repository_.blob_header(blob)).size < options_.above) return false;
  }
  if (options_.fixup) return commit_attributes_->is_lfs(path);
  return !grows_ || add_line_of(path);
}

// False when Git would ignore the line: such a file stays as it is.
bool ImportPlan::add_line_of(const std::string& path) {
  std::string line = line_of_file(path, options_.above > 0);
  if (line.size() < kAttributeLineBytesIgnored) {
    lines_.add(std::move(line));
    return true;
  }
  if (unnamed_.insert(path).second) {
    log_line(LogLevel::warning,
             go_quoted(path) + " is left as it is: its name is too long for .gitattributes");
  }
  return false;
}

Result<GitOid> ImportPlan::convert(const GitOid& blob, const std::string& path, PackWriter& pack) {
  const auto pointer = TRY_CONTEXT(path, clean_blob(repository_, store_, extensions_, blob, path));
  if (!pointer) return blob;
  return pack.add(ObjectType::blob, *pointer);
}

}  // namespace lazylfs::lfs
