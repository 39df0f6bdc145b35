#include "tests/server/storage.h"

#include <algorithm>

#include "lfs/base/text.h"
#include "tests/server/range.h"

namespace lazylfs::server {
namespace {

std::string content_range(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.offset) + "-" + std::to_string(range.end() - 1) + "/" +
         std::to_string(size);
}

// A part that is not the one asked for; what the header says is what is sent, except "total".
void spoil_range(Headers& headers, ByteRange& range, std::uint64_t size, std::string_view how) {
  if (how == "missing") return;
  if (how == "shifted") {
    const std::uint64_t shift = std::min<std::uint64_t>(4096, range.length / 2 + 1);
    if (range.offset >= shift) {
      range.offset -= shift;
    } else {
      range.offset = std::min(range.offset + shift, size - 1);
      range.length = std::min(range.length, size - range.offset);
    }
  }
  headers.emplace_back("Content-Range", content_range(range, how == "total" ? size + 1 : size));
}

}  // namespace

Response Storage::download(const HttpRequest& request, const Route& route,
                           const FaultAction& fault) {
  if (request.method != "GET" && request.method != "HEAD") {
    return Response::error(405, "method not allowed");
  }
  if (const int status = links_.check(request, route.oid); status != 0) {
    return Response::error(status, "the request lacks what its action demands, or it expired");
  }
  if (links_.behaviour().redirect_downloads != 0 && !links_.on_storage(request)) {
    Response moved;
    moved.status = links_.behaviour().redirect_downloads;
    moved.set_header("Location", links_.signed_storage_url(route.oid));
    return moved;
  }
  const std::optional<std::uint64_t> size = store_.size_of(route.oid);
  if (!size) return Response::error(404, "Object does not exist");

  Response response;
  response.set_header("Content-Type", "application/octet-stream");
  response.set_header("ETag", '"' + route.oid + '"');
  RangeRequest wanted = parse_range(fault.ignore_range ? "" : request.header("Range"), *size);
  if (!fault.ignore_range) response.set_header("Accept-Ranges", "bytes");
  if (wanted.outcome == RangeRequest::Outcome::unsatisfiable) {
    response = Response::error(416, "the range is outside of the object");
    response.set_header("Content-Range", "bytes */" + std::to_string(*size));
    return response;
  }
  if (wanted.outcome == RangeRequest::Outcome::part) {
    response.status = 206;
    if (fault.wrong_range.empty()) {
      response.set_header("Content-Range", content_range(wanted.range, *size));
    } else {
      spoil_range(response.headers, wanted.range, *size, fault.wrong_range);
    }
  }
  Result<Body> body = store_.open(route.oid, wanted.range);
  if (!body) return Response::error(500, body.error().message());
  response.body = std::move(*body);
  return response;
}

Response Storage::resume(const HttpRequest& request, const Route& route, RequestBody& body,
                         const FaultAction& fault) {
  const std::size_t slash = request.path.rfind('/');
  const auto size = parse_uint(std::string_view(request.path).substr(slash + 1));
  if (!size) return Response::error(400, "the address lacks the size");
  Response response = Response::text(request.method == "HEAD" ? 200 : 204, "text/plain", "");
  response.set_header("Tus-Resumable", "1.0.0");
  const std::uint64_t here = store_.partial_size(route.oid);
  if (request.method == "HEAD") {
    response.set_header("Upload-Offset", std::to_string(here));
    return response;
  }
  if (parse_uint(request.header("Upload-Offset")) != here) {
    return Response::error(409, "the upload does not stand there");
  }
  const Result<std::uint64_t> added = store_.append(route.oid, *size, body, fault.cut_upload_after);
  if (!added) {
    return Response::error(added.error().code() == Errc::corrupt ? 422 : 500,
                           added.error().message());
  }
  statistics_.uploaded(*added);
  response.set_header("Upload-Offset", std::to_string(here + *added));
  return response;
}

Response Storage::upload(const HttpRequest& request, const Route& route, RequestBody& body,
                         const FaultAction& fault) {
  if (const int status = links_.check(request, route.oid); status != 0) {
    return Response::error(status, "the request lacks what its action demands, or it expired");
  }
  if (request.method != "PUT") return resume(request, route, body, fault);
  const std::size_t slash = request.path.rfind('/');
  const auto size = parse_uint(std::string_view(request.path).substr(slash + 1));
  const Result<std::uint64_t> received = store_.receive(route.oid, size, body);
  if (received) {
    statistics_.uploaded(*received);
    return Response::text(200, "text/plain", "");
  }
  return Response::error(received.error().code() == Errc::corrupt ? 422 : 500,
                         received.error().message());
}

}  // namespace lazylfs::server
