#include "lfs/queue/standalone_file.h"

#include <unistd.h>

#include <filesystem>

#include <stdlib.h>

#include "lfs/base/fd.h"
#include "lfs/base/json.h"
#include "lfs/queue/file_adapter.h"
#include "lfs/queue/line_reader.h"
#include "lfs/store/clone_file.h"

namespace lazylfs::lfs {
namespace {

// A folder in the store's tmp/ for what was downloaded; the asking client moves the files away.
class DownloadFolder {
 public:
  explicit DownloadFolder(const ObjectStore& store) : store_(store) {}
  DownloadFolder(const DownloadFolder&) = delete;
  DownloadFolder& operator=(const DownloadFolder&) = delete;
  ~DownloadFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);  // unless something is left
  }
  Result<std::string> path_for(const Oid& oid) {
    if (path_.empty()) {
      TRY(store_.make_store_folders(store_.temporary_folder()));
      std::string name = store_.temporary_folder() + "/lfs-standalone-file-XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) return Error::from_errno("make a folder", errno);
      path_ = name;
    }
    return path_ + "/" + oid.hex();
  }

 private:
  const ObjectStore& store_;
  std::string path_;
};

class Session {
 public:
  Session(const Repository& repository, int out)
      : repository_(repository),
        store_(ObjectStore::of(repository)),
        downloads_(store_),
        out_(out) {}

  Result<void> init(const Json& message) {
    const Operation operation =
        json_string(message, "operation") == "upload" ? Operation::upload : Operation::download;
    Result<void> opened = open(json_string(message, "remote").value_or(""), operation);
    Json answer = Json::object();
    if (!opened) answer["error"] = {{"code", 1}, {"message", opened.error().message()}};
    TRY(say(answer));
    return opened;
  }

  Result<void> move(const Json& message, bool upload) {
    const std::string oid = json_string(message, "oid").value_or("");
    Json answer;
    answer["event"] = "complete";
    answer["oid"] = oid;
    const std::uint64_t size = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, json_int(message, "size").value_or(0)));
    const Result<std::string> path =
        upload ? send(oid, size, json_string(message, "path").value_or("")) : fetch(oid, size);
    if (!path) {
      answer["error"] = {{"code", 1}, {"message", path.error().message()}};
      return say(answer);
    }
    if (!upload) answer["path"] = *path;
    Json progress;
    progress["event"] = "progress";
    progress["oid"] = oid;
    progress["bytesSoFar"] = size;
    progress["bytesSinceLast"] = size;
    TRY(say(progress));
    return say(answer);
  }

 private:
  Result<void> open(const std::string& remote, Operation operation) {
    const Endpoint endpoint =
        TRY(find_endpoint(repository_.config(), remote, operation, repository_.common_folder()));
    if (!endpoint.is_file()) return Error(Errc::invalid, "no valid file:// URLs found");
    far_.emplace(TRY(store_at(endpoint.url)));
    return {};
  }

  Result<std::string> send(const std::string& hex, std::uint64_t size, const std::string& path) {
    const ObjectId id{TRY(Oid::parse(hex)), size};
    TRY(far_->take_in(path, id, true));
    return path;
  }

  Result<std::string> fetch(const std::string& hex, std::uint64_t size) {
    const ObjectId id{TRY(Oid::parse(hex)), size};
    const std::optional<std::string> found = far_->find(id);
    if (!found) return Error(Errc::not_found, "remote missing object " + hex);
    std::string path = TRY(downloads_.path_for(id.oid));
    TRY(clone_file(*found, path, 0666));
    return path;
  }

  Result<void> say(const Json& message) { return write_all(out_, dump_json(message) + "\n"); }

  const Repository& repository_;
  const ObjectStore store_;
  DownloadFolder downloads_;
  const int out_;
  std::optional<ObjectStore> far_;
};

}  // namespace

Result<void> serve_standalone_file(const Repository& repository, int in, int out) {
  Session session(repository, out);
  LineReader lines(in);
  bool ready = false;
  while (true) {
    const Result<std::string> line = lines.next();
    if (!line) return line.error().code() == Errc::not_found ? Result<void>() : line.error();
    const Json message = TRY_CONTEXT("invalid message", parse_json(*line));
    const std::string event = json_string(message, "event").value_or("");
    if (event == "terminate") return {};
    if (event == "init") {
      TRY(session.init(message));
      ready = true;
    } else if (ready && (event == "upload" || event == "download")) {
      TRY(session.move(message, event == "upload"));
    } else {
      return Error(Errc::invalid, "unexpected event \"" + event.substr(0, 100) + "\"");
    }
  }
}

}  // namespace lazylfs::lfs
