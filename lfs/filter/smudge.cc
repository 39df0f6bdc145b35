#include "lfs/filter/smudge.h"

#include <fcntl.h>

#include <algorithm>

#include "lfs/filter/extension_chain.h"
#include "lfs/filter/spool.h"

namespace lazylfs::lfs {
namespace {

Error smudge_error(const std::string& text) { return {Errc::corrupt, "smudge filter: " + text}; }

// The smudge commands in the reverse order of the pointer's lines.
Result<std::vector<ChainStage>> stages_of(const Pointer& pointer,
                                          const std::vector<Extension>& extensions,
                                          const std::string& path) {
  std::vector<ChainStage> stages;
  for (auto line = pointer.extensions.rbegin(); line != pointer.extensions.rend(); ++line) {
    const auto found = std::ranges::find(extensions, line->name, &Extension::name);
    if (found == extensions.end()) {
      return smudge_error("extension '" + line->name + "' is not configured");
    }
    stages.push_back({found->name, extension_arguments(found->smudge, path)});
  }
  return stages;
}

// What each stage gave back must be what went into it when the file was cleaned.
Result<void> check_digests(const Pointer& pointer, const ChainDigests& digests) {
  if (digests.input != pointer.oid) {
    return smudge_error("actual OID " + digests.input.hex() +
                        " during smudge does not match expected " + pointer.oid.hex());
  }
  for (std::size_t i = 0; i < pointer.extensions.size(); ++i) {
    const PointerExtension& line = pointer.extensions[pointer.extensions.size() - 1 - i];
    const Oid& actual = digests.outputs[i];
    if (actual == line.oid) continue;
    return smudge_error("actual OID " + actual.hex() + " for extension '" + line.name +
                        "' does not match expected " + line.oid.hex());
  }
  return {};
}

}  // namespace

Result<PointerFront> read_pointer_front(ByteInput& input) {
  PointerFront front;
  front.text.resize(kPointerBytesMax);
  const std::size_t got =
      TRY(fill_from(input, std::as_writable_bytes(std::span(front.text.data(), kPointerBytesMax))));
  front.text.resize(got);
  Result<Pointer> pointer = parse_pointer(front.text);
  if (got < kPointerBytesMax && pointer) front.pointer = std::move(*pointer);
  return front;
}

Result<void> write_object(const Pointer& pointer, const std::string& object,
                          const ObjectStore& store, const std::vector<Extension>& extensions,
                          const std::string& path, ByteOutput& output) {
  if (pointer.extensions.empty()) {
    TRY(copy_file_to(object, output));
    return {};
  }
  const std::vector<ChainStage> stages = TRY(stages_of(pointer, extensions, path));
  const Fd file = TRY(open_file(object, O_RDONLY));
  FdInput input(file.get());
  Spool spool(store);
  Result<ChainDigests> digests = run_chain(stages, input, spool);
  if (!digests) return digests.error().with_context("smudge filter");
  TRY(check_digests(pointer, *digests));
  return spool.copy_to(output);
}

Error download_failure(const Pointer& pointer, const std::string& path, const Error& reason) {
  return reason.with_context("Error downloading " + path + " (" + pointer.oid.hex() + ")");
}

Error smudge_failure(const Pointer& pointer, const std::string& path, const Error& reason) {
  return reason.with_context("Error downloading object: " + path + " (" +
                             pointer.oid.hex().substr(0, 7) + "): Smudge error");
}

}  // namespace lazylfs::lfs
