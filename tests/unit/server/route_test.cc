#include "tests/server/route.h"

#include <gtest/gtest.h>

namespace lazylfs::server {
namespace {

const std::string kOid(64, 'a');

Route route(const std::string& method, const std::string& path) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  return route_of(request);
}

TEST(Route, TellsTheCallsOfTheApiAndTheirRepository) {
  const Route batch = route("POST", "/org/name.git/info/lfs/objects/batch");
  EXPECT_EQ(batch.kind, Kind::batch);
  EXPECT_EQ(batch.repository, "org/name");
  EXPECT_EQ(route("POST", "/r.git/info/lfs/verify").kind, Kind::verify);
  const Route unlock = route("POST", "/r.git/info/lfs/locks/7/unlock");
  EXPECT_EQ(unlock.kind, Kind::locks);
  EXPECT_EQ(unlock.rest, "/7/unlock");
}

TEST(Route, FindsObjectsUnderAnyPath) {
  for (const std::string& path :
       {"/objects/" + kOid, "/r.git/objects/" + kOid, "/r.git/info/lfs/objects/" + kOid + "/123"}) {
    EXPECT_EQ(route("GET", path).kind, Kind::download) << path;
    EXPECT_EQ(route("PUT", path).kind, Kind::upload) << path;
    EXPECT_EQ(route("GET", path).oid, kOid) << path;
  }
}

TEST(Route, TellsGitFromTheEndOfThePath) {
  const Route fetch = route("POST", "/org/name.git/git-upload-pack");
  EXPECT_EQ(fetch.kind, Kind::git);
  EXPECT_EQ(fetch.repository, "org/name");
  EXPECT_EQ(fetch.rest, "/git-upload-pack");
  EXPECT_EQ(route("GET", "/name/info/refs").repository, "name");
}

TEST(Route, IgnoresWhereRedirectsLead) {
  EXPECT_EQ(route("POST", "/moved/moved/r.git/info/lfs/objects/batch").repository, "r");
}

TEST(Route, KnowsNothingElse) {
  EXPECT_EQ(route("GET", "/").kind, Kind::other);
  EXPECT_EQ(route("GET", "/objects/short").kind, Kind::other);
}

}  // namespace
}  // namespace lazylfs::server
