#include "lfs/filter/clean.h"

#include <cstring>

#include "lfs/filter/extension_chain.h"

namespace lazylfs::lfs {
namespace {

// The writer as a chain's end.
class WriterOutput final : public ByteOutput {
 public:
  explicit WriterOutput(ObjectWriter& writer) : writer_(writer) {}
  Result<void> write(std::span<const std::byte> data) override { return writer_.write(data); }

 private:
  ObjectWriter& writer_;
};

Cleaned pointing_to(const ObjectId& id, std::vector<PointerExtension> extensions) {
  Pointer pointer;
  pointer.oid = id.oid;
  pointer.size = id.size;
  pointer.extensions = std::move(extensions);
  std::string text = format_pointer(pointer);
  return {std::move(text), std::move(pointer)};
}

Result<Cleaned> clean_extended(std::string_view head, ByteInput& tail, const ObjectStore& store,
                               const std::vector<Extension>& extensions, const std::string& path,
                               const ObjectWriter::Guess& formerly) {
  ObjectWriter writer = TRY(ObjectWriter::create(store));
  writer.guess_by(formerly);
  WriterOutput output(writer);
  PrefixedInput input(head, tail);
  std::vector<PointerExtension> lines = TRY(clean_through(extensions, path, input, output));
  const ObjectId id = TRY(writer.commit());
  return pointing_to(id, std::move(lines));
}

}  // namespace

Result<std::vector<PointerExtension>> clean_through(const std::vector<Extension>& extensions,
                                                    const std::string& path, ByteInput& input,
                                                    ByteOutput& output) {
  std::vector<ChainStage> stages;
  for (const Extension& extension : extensions) {
    stages.push_back({extension.name, extension_arguments(extension.clean, path)});
  }
  const ChainDigests digests = TRY(run_chain(stages, input, output));
  std::vector<PointerExtension> lines;
  Oid before = digests.input;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Oid after = digests.outputs[i];
    if (after != before) lines.push_back({static_cast<int>(lines.size()), stages[i].name, before});
    before = after;
  }
  return lines;
}

Result<Cleaned> clean(ByteInput& input, const ObjectStore& store,
                      const std::vector<Extension>& extensions, const std::string& path,
                      const ObjectWriter::Guess& formerly) {
  ObjectWriter writer = TRY(ObjectWriter::create(store));
  // The front is read into the writer's own room, and stays there when it is no pointer.
  const std::span<std::byte> room = writer.space();
  const std::size_t got = TRY(fill_from(input, room.first(kPointerBytesMax)));
  const std::string_view head(reinterpret_cast<const char*>(room.data()), got);
  if (got < kPointerBytesMax && parse_pointer(head)) return Cleaned{std::string(head), {}};
  if (!extensions.empty()) {
    return clean_extended(std::string(head), input, store, extensions, path, formerly);
  }
  writer.guess_by(formerly);
  TRY(writer.filled(got));
  while (true) {
    const std::size_t count = TRY(input.read(writer.space()));
    if (count == 0) break;
    TRY(writer.filled(count));
  }
  const ObjectId id = TRY(writer.commit(OnClash::refuse));
  return pointing_to(id, {});
}

}  // namespace lazylfs::lfs
