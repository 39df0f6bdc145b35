// The writer fills one buffer. A stream that ends within it is hashed there, and the disk is
// touched only when the store lacks the object: git cleans unchanged files often. When the buffer
// is full, a temporary file is made, and a larger buffer is filled, hashed and written in turn. A
// stream that is long enough to pay for threads goes on in a StreamFile.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "lfs/base/sha256.h"
#include "lfs/store/object_store.h"
#include "lfs/store/stream_file.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kFirstBufferBytes = 120U << 10U;  // below malloc's threshold for mmap
constexpr std::size_t kBufferBytes = 1U << 20U;
// Longer streams pay for threads.
constexpr std::uint64_t kStreamedBytesMin = 4U << 20U;

// Raw memory that is not cleared first.
struct Buffer {
  std::unique_ptr<std::byte[]> bytes;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t size = 0;

  void allocate(std::size_t count) {
    bytes.reset(new std::byte[count]);  // NOLINT(cppcoreguidelines-owning-memory)
    size = count;
  }
};

}  // namespace

class ObjectWriter::Impl {
 public:
  explicit Impl(const ObjectStore& store) : store_(store) { buffer_.allocate(kFirstBufferBytes); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (!temporary_.path.empty()) ::unlink(temporary_.path.c_str());
  }

  std::span<std::byte> space() {
    if (stream_) return stream_->space();
    return {buffer_.bytes.get() + used_, buffer_.size - used_};
  }

  Result<void> filled(std::size_t count) {
    if (stream_) {
      size_ += count;
      return stream_->filled(count);
    }
    used_ += count;
    return used_ == buffer_.size ? flush() : Result<void>();
  }

  Result<ObjectId> commit(OnClash on_clash);
  void guess_by(Guess guess) { guess_ = std::move(guess); }

 private:
  void open_likeness();
  std::span<const std::byte> in_buffer() const { return {buffer_.bytes.get(), used_}; }
  Result<void> flush();
  Result<ObjectId> end_of_stream();
  Result<void> refuse_clash(const ObjectId& id);

  const ObjectStore& store_;
  ObjectStore::Temporary temporary_;
  Buffer buffer_;
  std::size_t used_ = 0;    // of the buffer
  std::uint64_t size_ = 0;  // of what left the buffer
  Sha256 hash_;
  Guess guess_;
  Fd likeness_;
  std::optional<StreamFile> stream_;  // destroyed before its files
};

// Hashes and writes the buffer, and decides what takes the next bytes.
Result<void> ObjectWriter::Impl::flush() {
  if (temporary_.path.empty()) temporary_ = TRY(store_.make_temporary());
  hash_.update(in_buffer());
  TRY_CONTEXT("write " + temporary_.path, write_all(temporary_.fd.get(), in_buffer()));
  size_ += used_;
  used_ = 0;
  if (size_ >= kStreamedBytesMin) {
    open_likeness();
    stream_.emplace(temporary_.fd.get(), size_, hash_, likeness_ ? likeness_.get() : -1);
    buffer_ = Buffer();
  } else if (buffer_.size < kBufferBytes) {
    buffer_.allocate(kBufferBytes);
  }
  return {};
}

void ObjectWriter::Impl::open_likeness() {
  const std::optional<ObjectId> guessed = guess_ ? guess_() : std::nullopt;
  if (!guessed || guessed->size <= size_) return;
  Result<Fd> file = open_file(store_.object_path(guessed->oid), O_RDONLY);
  if (file) likeness_ = std::move(*file);
}

Result<ObjectId> ObjectWriter::Impl::end_of_stream() {
  if (stream_) {
    const Oid oid = TRY_CONTEXT("write " + temporary_.path, stream_->finish());
    return ObjectId{oid, size_};
  }
  hash_.update(in_buffer());
  if (!temporary_.path.empty()) {
    TRY_CONTEXT("write " + temporary_.path, write_all(temporary_.fd.get(), in_buffer()));
  }
  return ObjectId{hash_.digest(), size_ + used_};
}

Result<void> ObjectWriter::Impl::refuse_clash(const ObjectId& id) {
  const std::string place = store_.object_path(id.oid);
  struct stat status {};
  if (::stat(place.c_str(), &status) != 0) return {};
  const std::string written =
      temporary_.path.empty() ? store_.temporary_folder() + "/" + id.oid.hex() : temporary_.path;
  return Error(Errc::exists, "Files don't match:\n" + place + "\n" + written);
}

Result<ObjectId> ObjectWriter::Impl::commit(OnClash on_clash) {
  const bool in_memory = temporary_.path.empty();
  const ObjectId id = TRY(end_of_stream());
  const std::string place = store_.object_path(id.oid);
  struct stat status {};
  if (id.size == 0) return id;
  if (::stat(place.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<std::uint64_t>(status.st_size) == id.size) {
    // Tells a prune that runs at the same time, and does not know of us, that it is wanted.
    const std::array<struct timespec, 2> read_now{timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}};
    (void)::utimensat(AT_FDCWD, place.c_str(), read_now.data(), 0);
    return id;
  }
  if (on_clash == OnClash::refuse) TRY(refuse_clash(id));
  if (in_memory) {
    TRY(store_.put(in_buffer(), id));
    return id;
  }
  if (stream_) TRY_CONTEXT("write " + temporary_.path, stream_->write_compared());
  stream_.reset();
  temporary_.fd.reset();
  TRY(store_.move_in(temporary_.path, id));
  temporary_.path.clear();
  return id;
}

ObjectWriter::ObjectWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ObjectWriter::ObjectWriter(ObjectWriter&&) noexcept = default;
ObjectWriter& ObjectWriter::operator=(ObjectWriter&&) noexcept = default;
ObjectWriter::~ObjectWriter() = default;

Result<ObjectWriter> ObjectWriter::create(const ObjectStore& store) {
  return ObjectWriter(std::make_unique<Impl>(store));
}

std::span<std::byte> ObjectWriter::space() { return impl_->space(); }

Result<void> ObjectWriter::filled(std::size_t count) { return impl_->filled(count); }

Result<void> ObjectWriter::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const std::span<std::byte> room = impl_->space();
    const std::size_t count = std::min(room.size(), data.size());
    std::memcpy(room.data(), data.data(), count);
    TRY(impl_->filled(count));
    data = data.subspan(count);
  }
  return {};
}

void ObjectWriter::guess_by(Guess guess) { impl_->guess_by(std::move(guess)); }

Result<ObjectId> ObjectWriter::commit(OnClash on_clash) { return impl_->commit(on_clash); }

}  // namespace lazylfs::lfs
