#include "tests/server/behaviour.h"

#include <algorithm>
#include <array>

namespace lazylfs::server {
namespace {

constexpr HeaderTrait kToken = {"Authorization", "Basic YWN0aW9uOnRva2Vu"};

constexpr auto kBehaviours = std::to_array<Behaviour>({
    {.name = "plain", .verify = false},
    {.name = "github",
     .storage_elsewhere = true,
     .signed_urls = true,
     .expires_in = true,
     .expires_at = true,
     .authenticated = true,
     .upload_header = {"x-amz-date", "20260131T120000Z"}},
    {.name = "gitlab",
     .signed_urls = true,
     .expires_in = true,
     .authenticated = true,
     .upload_header = kToken,
     .download_header = kToken,
     .redirect_downloads = 302},
    {.name = "gitea", .echo_authorization = true},
    {.name = "huggingface",
     .storage_elsewhere = true,
     .signed_urls = true,
     .expires_in = true,
     .authenticated = true,
     .redirect_api = 307},
    {.name = "azure",
     .storage_elsewhere = true,
     .signed_urls = true,
     .expires_at = true,
     .upload_header = {"x-ms-blob-type", "BlockBlob"},
     .download_header = {"x-ms-version", "2020-04-08"}},
});

}  // namespace

const Behaviour* find_behaviour(std::string_view name) {
  const auto* found = std::ranges::find(kBehaviours, name, &Behaviour::name);
  return found == kBehaviours.end() ? nullptr : found;
}

}  // namespace lazylfs::server
