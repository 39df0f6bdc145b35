// A migration makes tens of thousands of small objects. As loose files each would cost a file's
// creation and rename, and a block of the disk; in a pack they cost their compressed bytes, and the
// whole becomes visible, or durable, in one step. Entries are stored whole, without deltas: `git
// gc` makes those when it next repacks.
//
// The number of objects is in the pack's header, which its checksum covers; it is known only at the
// end. So the header is patched and the file is read again to be hashed, as `git index-pack
// --fix-thin` does; that costs little beside compressing it.
#include "lfs/git/pack_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <utility>
#include <vector>

#include <zlib.h>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/oid.h"
#include "lfs/base/sha1.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10U;
constexpr std::size_t kInMemoryBytesMax = 4U << 20U;  // files above are streamed into the pack
constexpr std::size_t kPackHeaderBytes = 12;
constexpr int kNamesMax = 10'000;

struct Deflater {
  Deflater() { ready = deflateInit(&stream, Z_BEST_SPEED) == Z_OK; }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() {
    if (ready) deflateEnd(&stream);
  }
  z_stream stream{};
  bool ready = false;
};

void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) out += static_cast<char>(static_cast<std::uint8_t>(value >> (8 * bytes)));
}

// Type and size as a pack's entry starts: four bits of the size, then seven a byte.
std::string entry_header(ObjectType type, std::uint64_t size) {
  std::string header;
  unsigned byte = static_cast<unsigned>(type) << 4U | static_cast<unsigned>(size & 15U);
  size >>= 4U;
  while (size != 0) {
    header += static_cast<char>(static_cast<std::uint8_t>(byte | 0x80U));
    byte = static_cast<unsigned>(size & 0x7FU);
    size >>= 7U;
  }
  header += static_cast<char>(static_cast<std::uint8_t>(byte));
  return header;
}

Bytef* zlib_bytes(const char* data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data));  // zlib reads it only
}

// The entry of an object of moderate size.
Result<std::string> pack_entry(ObjectType type, std::string_view data) {
  thread_local Deflater deflater;
  if (!deflater.ready || deflateReset(&deflater.stream) != Z_OK) {
    return Error(Errc::io, "zlib cannot be used");
  }
  std::string entry = entry_header(type, data.size());
  const std::size_t start = entry.size();
  entry.resize(start + deflateBound(&deflater.stream, data.size()));
  deflater.stream.next_in = zlib_bytes(data.data());
  deflater.stream.avail_in = static_cast<uInt>(data.size());
  deflater.stream.next_out = zlib_bytes(entry.data() + start);
  deflater.stream.avail_out = static_cast<uInt>(entry.size() - start);
  if (deflate(&deflater.stream, Z_FINISH) != Z_STREAM_END) {
    return Error(Errc::io, "an object could not be compressed");
  }
  entry.resize(entry.size() - deflater.stream.avail_out);
  return entry;
}

std::uint32_t crc_of(std::string_view data, std::uint32_t before = 0) {
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(data.data()), data.size()));
}

struct Entry {
  GitOid oid;
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;
};

// The entries of a pack in their order, found by id through a table of their numbers: an eighth
// of the memory that a set of the ids would take beside them. Thread-compatible.
class EntryTable {
 public:
  // The entry of that object, and whether it is new. It stays where it is.
  std::pair<Entry*, bool> claim(const GitOid& oid) {
    if ((entries_.size() + 1) * 4 > slots_.size() * 3) grow();
    std::uint32_t& slot = slot_of(oid);
    if (slot != 0) return {&entries_[slot - 1], false};
    entries_.push_back({oid, 0, 0});
    slot = static_cast<std::uint32_t>(entries_.size());
    return {&entries_.back(), true};
  }
  std::size_t size() const { return entries_.size(); }
  // The end of the table: the entries in the order of their ids.
  std::deque<Entry> sorted() {
    slots_ = {};
    std::ranges::sort(entries_, {}, &Entry::oid);
    return std::move(entries_);
  }

 private:
  // An id is uniformly distributed: eight bytes of it are a hash.
  std::uint32_t& slot_of(const GitOid& oid) {
    std::size_t at = GitOidHash{}(oid) & (slots_.size() - 1);
    while (slots_[at] != 0 && entries_[slots_[at] - 1].oid != oid) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
  }
  void grow() {
    slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      slot_of(entries_[i].oid) = static_cast<std::uint32_t>(i + 1);
    }
  }

  std::deque<Entry> entries_;         // a deque, so that it grows without a copy
  std::vector<std::uint32_t> slots_;  // numbers + 1; a power of two of them
};

}  // namespace

class PackWriter::Impl {
 public:
  Impl(std::string folder, bool shared) : folder_(std::move(folder)), shared_(shared) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (const std::string& path : {temporary_, temporary_ + ".idx"}) {
      if (!temporary_.empty()) ::unlink(path.c_str());
    }
  }

  Result<void> open();
  Result<GitOid> add(ObjectType type, std::string_view data);
  Result<GitOid> add_file(int fd, std::uint64_t size);
  Result<void> finish();
  std::size_t count() const { return state_.lock()->entries.size(); }

 private:
  struct State {
    std::string buffer;         // not yet written
    std::uint64_t written = 0;  // bytes in the file
    EntryTable entries;
  };

  Result<void> append(State& state, std::string_view bytes);
  Result<void> flush(State& state);
  Result<GitOid> stream_file(State& state, int fd, std::uint64_t size);
  Result<void> drop_after(State& state, std::uint64_t offset);
  Result<std::string> checksum_pack(std::size_t count);
  Result<void> write_index(const std::deque<Entry>& entries, std::string_view pack_checksum);
  Result<void> close_file(Fd file, const std::string& path) const;

  const std::string folder_;
  const bool shared_;
  std::string temporary_;  // empty when there is none
  Fd file_;
  Guarded<State> state_;
};

Result<void> PackWriter::Impl::open() {
  TRY(make_folders(folder_));
  for (int i = 0; i < kNamesMax; ++i) {
    std::string path =
        folder_ + "/tmp_pack_" + std::to_string(::getpid()) + '_' + std::to_string(i);
    Result<Fd> file = open_file(path, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (!file && file.error().sys_errno() == EEXIST) continue;
    file_ = TRY(std::move(file));
    temporary_ = std::move(path);
    auto state = state_.lock();
    state->buffer.assign(kPackHeaderBytes, '\0');
    return {};
  }
  return Error(Errc::exists, folder_ + " is full of temporary packs: run git gc");
}

Result<void> PackWriter::Impl::flush(State& state) {
  TRY_CONTEXT("write " + temporary_, write_all(file_.get(), state.buffer));
  state.written += state.buffer.size();
  state.buffer.clear();
  return {};
}

Result<void> PackWriter::Impl::append(State& state, std::string_view bytes) {
  state.buffer += bytes;
  return state.buffer.size() < kBufferBytes ? Result<void>() : flush(state);
}

Result<GitOid> PackWriter::Impl::add(ObjectType type, std::string_view data) {
  const GitOid oid = object_id(type, data);
  // A failure after this point abandons the pack, so that the claim cannot mislead anybody.
  const auto [entry, is_new] = state_.lock()->entries.claim(oid);
  if (!is_new) return oid;
  const std::string bytes = TRY(pack_entry(type, data));
  const std::uint32_t crc = crc_of(bytes);
  auto state = state_.lock();
  entry->crc = crc;
  entry->offset = state->written + state->buffer.size();
  TRY(append(*state, bytes));
  return oid;
}

Result<GitOid> PackWriter::Impl::add_file(int fd, std::uint64_t size) {
  if (size > kInMemoryBytesMax) {
    auto state = state_.lock();
    return stream_file(*state, fd, size);
  }
  std::string data(static_cast<std::size_t>(size), '\0');
  const auto room = std::as_writable_bytes(std::span(data));
  if (TRY(read_full(fd, room)) != size) return Error(Errc::corrupt, "the file is too short");
  return add(ObjectType::blob, data);
}

Result<void> PackWriter::Impl::drop_after(State& state, std::uint64_t offset) {
  TRY(flush(state));
  if (::ftruncate(file_.get(), static_cast<off_t>(offset)) != 0 ||
      ::lseek(file_.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return Error::from_errno("cut " + temporary_, errno);
  }
  state.written = offset;
  return {};
}

Result<GitOid> PackWriter::Impl::stream_file(State& state, int fd, std::uint64_t size) {
  const std::uint64_t offset = state.written + state.buffer.size();
  std::string piece = entry_header(ObjectType::blob, size);
  std::uint32_t crc = crc_of(piece);
  TRY(append(state, piece));
  Sha1 hash;
  const std::string header = "blob " + std::to_string(size);
  hash.update(as_bytes(std::string_view(header.c_str(), header.size() + 1)));
  Deflater deflater;
  if (!deflater.ready) return Error(Errc::io, "zlib cannot be used");
  std::vector<std::byte> input(kBufferBytes);
  piece.resize(kBufferBytes);
  std::uint64_t left = size;
  int rc = Z_OK;
  while (rc != Z_STREAM_END) {
    if (deflater.stream.avail_in == 0 && left > 0) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), left));
      if (TRY(read_full(fd, std::span(input).first(want))) != want) {
        return Error(Errc::corrupt, "the file is too short");
      }
      hash.update(std::span(input).first(want));
      left -= want;
      deflater.stream.next_in = reinterpret_cast<Bytef*>(input.data());
      deflater.stream.avail_in = static_cast<uInt>(want);
    }
    deflater.stream.next_out = zlib_bytes(piece.data());
    deflater.stream.avail_out = static_cast<uInt>(piece.size());
    rc = deflate(&deflater.stream, left > 0 ? Z_NO_FLUSH : Z_FINISH);
    if (rc != Z_OK && rc != Z_STREAM_END) return Error(Errc::io, "a file could not be compressed");
    const auto made = std::string_view(piece).substr(0, piece.size() - deflater.stream.avail_out);
    crc = crc_of(made, crc);
    TRY(append(state, made));
  }
  const GitOid oid{hash.digest()};
  const auto [entry, is_new] = state.entries.claim(oid);
  if (!is_new) {
    TRY(drop_after(state, offset));
    return oid;
  }
  entry->crc = crc;
  entry->offset = offset;
  return oid;
}

// Patches the header and returns the checksum that ends the pack, which is appended to it.
Result<std::string> PackWriter::Impl::checksum_pack(std::size_t count) {
  std::string header = "PACK";
  append_number(header, 2, 4);
  append_number(header, count, 4);
  TRY(pwrite_all(file_.get(), as_bytes(header), 0));
  Sha1 hash;
  std::vector<std::byte> buffer(kBufferBytes);
  std::uint64_t offset = 0;
  while (true) {
    const std::size_t got = TRY(pread_full(file_.get(), buffer, offset));
    hash.update(std::span(buffer).first(got));
    offset += got;
    if (got < buffer.size()) break;
  }
  const Sha1::Digest digest = hash.digest();
  std::string checksum(reinterpret_cast<const char*>(digest.data()), digest.size());
  TRY(pwrite_all(file_.get(), as_bytes(checksum), offset));
  return checksum;
}

// Version 2 of the index: fan-out, ids, checksums, offsets, and those that need more than 31 bits.
Result<void> PackWriter::Impl::write_index(const std::deque<Entry>& entries,
                                           std::string_view pack_checksum) {
  constexpr std::size_t kBytesEach = sizeof(GitOid::bytes) + 4 + 4;
  std::string index = "\377tOc";
  index.reserve(2048 + entries.size() * kBytesEach);
  append_number(index, 2, 4);
  std::size_t at = 0;
  for (unsigned first = 0; first < 256; ++first) {
    while (at < entries.size() && entries[at].oid.bytes[0] <= first) ++at;
    append_number(index, at, 4);
  }
  for (const Entry& entry : entries) {
    index.append(reinterpret_cast<const char*>(entry.oid.bytes.data()), entry.oid.bytes.size());
  }
  for (const Entry& entry : entries) append_number(index, entry.crc, 4);
  std::string far;
  for (const Entry& entry : entries) {
    if (entry.offset < 0x80000000U) {
      append_number(index, entry.offset, 4);
    } else {
      append_number(index, 0x80000000U | far.size() / 8, 4);
      append_number(far, entry.offset, 8);
    }
  }
  index += far;
  index += pack_checksum;
  Sha1 hash;
  hash.update(as_bytes(index));
  const Sha1::Digest digest = hash.digest();
  index.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  const std::string path = temporary_ + ".idx";
  Fd file = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  TRY_CONTEXT("write " + path, write_all(file.get(), index));
  return close_file(std::move(file), path);
}

// To disk, and read-only as git's own packs are.
Result<void> PackWriter::Impl::close_file(Fd file, const std::string& path) const {
  struct stat status {};
  const bool known = ::fstat(file.get(), &status) == 0;
  const mode_t mode = shared_ ? 0444 : status.st_mode & 0444;
  if (!known || ::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) {
    return Error::from_errno("finish " + path, errno);
  }
  return {};
}

Result<void> PackWriter::Impl::finish() {
  auto state = state_.lock();
  if (state->entries.size() == 0) return {};
  TRY(flush(*state));
  const std::string checksum = TRY(checksum_pack(state->entries.size()));
  TRY(close_file(std::move(file_), temporary_));
  TRY(write_index(state->entries.sorted(), checksum));
  const std::string name =
      folder_ + "/pack-" +
      to_hex(reinterpret_cast<const std::uint8_t*>(checksum.data()), checksum.size());
  // Git looks for the index, so the pack must be there before it.
  if (std::rename(temporary_.c_str(), (name + ".pack").c_str()) != 0 ||
      std::rename((temporary_ + ".idx").c_str(), (name + ".idx").c_str()) != 0) {
    return Error::from_errno("rename " + temporary_ + " to " + name, errno);
  }
  temporary_.clear();
  return sync_folder(folder_);
}

PackWriter::PackWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PackWriter::~PackWriter() = default;

Result<std::unique_ptr<PackWriter>> PackWriter::create(const Repository& repository) {
  const std::string shared = repository.config().get("core.sharedrepository").value_or("");
  const bool wide = !shared.empty() && shared != "umask" && shared != "false" && shared != "0";
  auto impl = std::make_unique<Impl>(repository.objects_folder() + "/pack", wide);
  TRY(impl->open());
  return std::unique_ptr<PackWriter>(new PackWriter(std::move(impl)));
}

Result<GitOid> PackWriter::add(ObjectType type, std::string_view data) {
  return impl_->add(type, data);
}
Result<GitOid> PackWriter::add_file(int fd, std::uint64_t size) {
  return impl_->add_file(fd, size);
}
Result<void> PackWriter::finish() { return impl_->finish(); }
std::size_t PackWriter::count() const { return impl_->count(); }

}  // namespace lazylfs::lfs
