#include "fs/plain_content.h"

#include <fcntl.h>

#include "lfs/base/files.h"

namespace lazylfs::fs {
namespace {

constexpr std::size_t kBlobInMemoryMax = 4U << 20U;
constexpr std::size_t kMemoryMax = 64U << 20U;
constexpr std::size_t kSpooledMax = 64;  // descriptors

// What an entry counts for, so that many small and many spooled ones are bounded as well.
std::size_t weight(const PlainContent& content) {
  return content.file ? kMemoryMax / kSpooledMax : content.text.size() + 256;
}

}  // namespace

std::shared_ptr<const PlainContent> PlainContents::find(const lfs::GitOid& blob) {
  auto recent = recent_.lock();
  const auto found = recent->blobs.find(blob);
  if (found == recent->blobs.end()) return nullptr;
  recent->order.splice(recent->order.begin(), recent->order, found->second.place);
  return found->second.content;
}

Result<std::shared_ptr<const PlainContent>> PlainContents::load(const lfs::GitOid& blob) {
  lfs::BlobHeader header = TRY(repository_.blob_header(blob));
  if (header.missing) {
    TRY_CONTEXT("fetch blob " + blob.hex(), repository_.fetch_missing({blob}));
    header = TRY(repository_.blob_header(blob));
  }
  if (header.size > kBlobInMemoryMax) return spool(blob);
  auto content = std::make_shared<PlainContent>();
  content->text = TRY(repository_.read_blob(blob, kBlobInMemoryMax));
  keep(blob, content);
  return std::shared_ptr<const PlainContent>(std::move(content));
}

Result<std::shared_ptr<const PlainContent>> PlainContents::spool(const lfs::GitOid& blob) {
  TRY(make_folders(folder_, 0700));
  auto content = std::make_shared<PlainContent>();
  content->file = TRY(open_file(folder_, O_TMPFILE | O_RDWR, 0600));
  TRY(repository_.write_blob_to(blob, content->file.get()));
  keep(blob, content);
  return std::shared_ptr<const PlainContent>(std::move(content));
}

void PlainContents::keep(const lfs::GitOid& blob,
                         const std::shared_ptr<const PlainContent>& content) {
  auto recent = recent_.lock();
  if (recent->blobs.contains(blob)) return;
  recent->order.push_front(blob);
  recent->blobs[blob] = {.content = content, .place = recent->order.begin()};
  recent->bytes += weight(*content);
  while (recent->bytes > kMemoryMax && recent->order.size() > 1) {
    const auto last = recent->blobs.find(recent->order.back());
    recent->bytes -= weight(*last->second.content);
    recent->blobs.erase(last);
    recent->order.pop_back();
  }
}

}  // namespace lazylfs::fs
