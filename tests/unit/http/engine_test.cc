#include "lfs/http/engine.h"

#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "tests/unit/http/raw_server.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<const HttpOptions> direct_options() {
  HttpOptions options;
  options.proxy = "none";
  return std::make_shared<const HttpOptions>(options);
}

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.options = direct_options();
  return request;
}

class EngineTest : public testing::Test {
 protected:
  Metrics metrics_;
};

// Submits and returns the future of its outcome.
std::future<Result<void>> start(HttpEngine& engine, HttpRequest request, RequestId* id = nullptr) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  HttpHandlers handlers;
  handlers.on_done = [promise](Result<void> result) { promise->set_value(std::move(result)); };
  const RequestId given = engine.submit(std::move(request), std::move(handlers));
  if (id != nullptr) *id = given;
  return promise->get_future();
}

TEST_F(EngineTest, AGetDeliversHeadAndBody) {
  const auto server = RawServer::answering([](const RawRequest& request) {
    return RawResponse{203, {{"X-Seen", request.method + " " + request.target}}, "hello"};
  });
  HttpEngine engine(metrics_);
  const Result<HttpResponse> response = engine.perform(get(server->url("/a?b=c")), 100);
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(response->head.status, 203);
  EXPECT_EQ(response->head.version, "HTTP/1.1");
  EXPECT_EQ(response->head.header("x-seen"), "GET /a?b=c");
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(metrics_.get(Counter::http_requests), 1U);
  EXPECT_EQ(metrics_.get(Counter::http_bytes_received), 5U);
  EXPECT_EQ(metrics_.latency(Latency::http_first_byte).count(), 1U);
}

TEST_F(EngineTest, ARangeAsksForItsBytesUncompressed) {
  RawRequest seen;
  const auto server = RawServer::answering([&](const RawRequest& request) {
    seen = request;
    return RawResponse{206, {}, "x"};
  });
  HttpEngine engine(metrics_);
  HttpRequest request = get(server->url("/o"));
  request.range = ByteRange{10, 5};
  ASSERT_TRUE(engine.perform(request, 100).has_value());
  EXPECT_EQ(seen.header("Range"), "bytes=10-14");
  EXPECT_EQ(seen.header("Accept-Encoding"), "identity");
  EXPECT_THAT(seen.header("User-Agent"), testing::StartsWith("git-lfs/"));
}

TEST_F(EngineTest, APostSendsItsBodyAndOverridesExtraHeaders) {
  RawRequest seen;
  const auto server = RawServer::answering([&](const RawRequest& request) {
    seen = request;
    return RawResponse{};
  });
  HttpEngine engine(metrics_);
  HttpOptions options = *direct_options();
  options.extra_headers = {{"X-A", "extra"}, {"X-B", "extra"}};
  HttpRequest request = get(server->url("/p"));
  request.method = "POST";
  request.body = std::string("body\0with NUL", 13);
  request.headers = {{"x-a", "own"}};
  request.options = std::make_shared<const HttpOptions>(options);
  ASSERT_TRUE(engine.perform(request, 100).has_value());
  EXPECT_EQ(seen.body, request.body);
  EXPECT_EQ(seen.header("X-A"), "own");
  EXPECT_EQ(seen.header("X-B"), "extra");
  EXPECT_EQ(seen.header("Expect"), "");
  EXPECT_EQ(seen.header("Content-Type"), "");
}

TEST_F(EngineTest, RedirectsAreReportedNotFollowed) {
  const auto server = RawServer::answering([](const RawRequest&) {
    return RawResponse{302, {{"Location", "/elsewhere"}}, ""};
  });
  HttpEngine engine(metrics_);
  const Result<HttpResponse> response = engine.perform(get(server->url("/")), 100);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->head.status, 302);
  EXPECT_EQ(metrics_.get(Counter::http_requests), 1U);
}

TEST_F(EngineTest, ConnectionsAreReused) {
  const auto server = RawServer::answering([](const RawRequest&) { return RawResponse{}; });
  HttpEngine engine(metrics_);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(engine.perform(get(server->url("/")), 100).has_value());
  EXPECT_EQ(server->connections(), 1);
}

TEST_F(EngineTest, ATruncatedBodyIsTransient) {
  RawServer server([](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  HttpEngine engine(metrics_);
  const Result<HttpResponse> response = engine.perform(get(server.url("/")), 100);
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), Errc::transient);
}

TEST_F(EngineTest, AnAnswerThatIsNoHttpFails) {
  RawServer server([](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    connection.send("SSH-2.0-Dropbear\r\n\r\n");
  });
  HttpEngine engine(metrics_);
  EXPECT_FALSE(engine.perform(get(server.url("/")), 100).has_value());
}

TEST_F(EngineTest, AClosedPortIsUnreachable) {
  std::string url;
  {
    url = RawServer::answering([](const RawRequest&) { return RawResponse{}; })->url("/");
  }
  HttpEngine engine(metrics_);
  const Result<HttpResponse> response = engine.perform(get(url), 100);
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), Errc::unreachable);
}

TEST_F(EngineTest, AServerThatFallsSilentIsAStall) {
  RawServer server([](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    connection.wait_for_close();
  });
  HttpEngine engine(metrics_);
  HttpOptions options = *direct_options();
  options.stall_timeout = milliseconds(50);
  HttpRequest request = get(server.url("/"));
  request.options = std::make_shared<const HttpOptions>(options);
  const Result<HttpResponse> response = engine.perform(request, 100);
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), Errc::transient);
  EXPECT_THAT(response.error().message(), testing::HasSubstr("stalled"));
  EXPECT_EQ(metrics_.get(Counter::http_stalls), 1U);
}

TEST_F(EngineTest, ABodyBeyondTheLimitIsInvalid) {
  const auto server = RawServer::answering([](const RawRequest&) {
    return RawResponse{200, {}, "0123456789"};
  });
  HttpEngine engine(metrics_);
  EXPECT_TRUE(engine.perform(get(server->url("/")), 10).has_value());
  const Result<HttpResponse> response = engine.perform(get(server->url("/")), 9);
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), Errc::invalid);
}

TEST_F(EngineTest, AnErrorFromOnHeadEndsTheRequestWithIt) {
  const auto server = RawServer::answering([](const RawRequest&) {
    return RawResponse{200, {}, "body"};
  });
  HttpEngine engine(metrics_);
  std::promise<Result<void>> done;
  bool saw_body = false;
  HttpHandlers handlers;
  handlers.on_head = [](const HttpHead&) -> Result<void> { return Error(Errc::busy, "no thanks"); };
  handlers.on_body = [&](std::span<const std::byte>) -> Result<void> {
    saw_body = true;
    return {};
  };
  handlers.on_done = [&](Result<void> result) { done.set_value(std::move(result)); };
  engine.submit(get(server->url("/")), std::move(handlers));
  const Result<void> result = done.get_future().get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::busy);
  EXPECT_FALSE(saw_body);
}

TEST_F(EngineTest, CancelEndsARequestUnderWay) {
  std::latch arrived(1);
  RawServer server([&](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    arrived.count_down();
    connection.wait_for_close();
  });
  HttpEngine engine(metrics_);
  RequestId id = 0;
  auto done = start(engine, get(server.url("/")), &id);
  arrived.wait();
  engine.cancel(id);
  engine.cancel(id);
  engine.cancel(id + 1000);
  const Result<void> result = done.get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::cancelled);
}

TEST_F(EngineTest, ARequestMayBeCancelledFromItsOwnHandler) {
  RawServer server([&](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    connection.wait_for_close();
  });
  HttpEngine engine(metrics_);
  std::promise<RequestId> id;
  std::shared_future<RequestId> known = id.get_future();
  std::promise<Result<void>> done;
  HttpHandlers handlers;
  handlers.on_body = [&engine, known](std::span<const std::byte>) -> Result<void> {
    engine.cancel(known.get());
    return {};
  };
  handlers.on_done = [&](Result<void> result) { done.set_value(std::move(result)); };
  id.set_value(engine.submit(get(server.url("/")), std::move(handlers)));
  const Result<void> result = done.get_future().get();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::cancelled);
}

TEST_F(EngineTest, TheDestructorCancelsWhatIsUnderWayAndWhatWaits) {
  std::latch arrived(1);
  RawServer server([&](RawConnection& connection) {
    RawRequest request;
    connection.read_request(request);
    arrived.count_down();
    connection.wait_for_close();
  });
  std::future<Result<void>> active;
  std::future<Result<void>> waiting;
  {
    HttpEngine engine(metrics_, {.connections_per_host = 1, .connections_total = 1});
    active = start(engine, get(server.url("/")));
    waiting = start(engine, get(server.url("/")));
    arrived.wait();
  }
  EXPECT_EQ(active.get().error().code(), Errc::cancelled);
  EXPECT_EQ(waiting.get().error().code(), Errc::cancelled);
}

// One connection, held by a first request; the others queue up behind it and are served by
// priority, then age, one of them raised meanwhile.
TEST_F(EngineTest, WaitingRequestsAreServedByPriority) {
  std::latch first_arrived(1);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future();
  Guarded<std::vector<std::string>> order;
  const auto server = RawServer::answering([&](const RawRequest& request) {
    if (request.target == "/first") {
      first_arrived.count_down();
      released.wait();
    } else {
      order.lock()->push_back(request.target);
    }
    return RawResponse{};
  });
  HttpEngine engine(metrics_, {.connections_per_host = 1, .connections_total = 4});
  std::vector<std::future<Result<void>>> done;
  done.push_back(start(engine, get(server->url("/first"))));
  first_arrived.wait();
  RequestId raised = 0;
  const auto queue = [&](const char* path, Priority priority, RequestId* id = nullptr) {
    HttpRequest request = get(server->url(path));
    request.priority = priority;
    done.push_back(start(engine, std::move(request), id));
  };
  queue("/prefetch", Priority::prefetch);
  queue("/raised", Priority::prefetch, &raised);
  queue("/ahead", Priority::read_ahead);
  queue("/demand", Priority::demand);
  engine.raise(raised, Priority::demand);
  release.set_value();
  for (auto& one : done) EXPECT_TRUE(one.get().has_value());
  EXPECT_THAT(*order.lock(), testing::ElementsAre("/raised", "/demand", "/ahead", "/prefetch"));
}

TEST_F(EngineTest, PrefetchLeavesConnectionsForDemand) {
  std::latch arrived(3);
  std::atomic<int> prefetched{0};
  std::promise<void> release;
  std::shared_future<void> released = release.get_future();
  const auto server = RawServer::answering([&](const RawRequest& request) {
    if (request.target == "/prefetch") {
      if (++prefetched <= 3) arrived.count_down();
      released.wait();
    }
    return RawResponse{};
  });
  HttpEngine engine(metrics_, {.connections_per_host = 4, .connections_total = 4});
  std::vector<std::future<Result<void>>> prefetches;
  for (int i = 0; i < 5; ++i) {
    HttpRequest request = get(server->url("/prefetch"));
    request.priority = Priority::prefetch;
    prefetches.push_back(start(engine, std::move(request)));
  }
  arrived.wait();
  EXPECT_TRUE(engine.perform(get(server->url("/demand")), 10).has_value());
  release.set_value();
  for (auto& one : prefetches) EXPECT_TRUE(one.get().has_value());
}

TEST_F(EngineTest, HeadersThatWouldSplitARequestAreRefused) {
  HttpEngine engine(metrics_);
  for (const char* value : {"a\r\nX-Evil: 1", "a\nb", "\r"}) {
    HttpRequest request = get("http://127.0.0.1:9/");
    request.headers = {{"X-A", value}};
    const Result<HttpResponse> response = engine.perform(request, 1);
    ASSERT_FALSE(response.has_value());
    EXPECT_EQ(response.error().code(), Errc::invalid);
  }
}

TEST_F(EngineTest, OnlyHttpIsSpoken) {
  HttpEngine engine(metrics_);
  for (const char* url : {"file:///etc/passwd", "ftp://h/x", "gopher://h/", "nonsense"}) {
    const Result<HttpResponse> response = engine.perform(get(url), 1000);
    ASSERT_FALSE(response.has_value()) << url;
    EXPECT_EQ(response.error().code(), Errc::invalid) << url;
  }
}

TEST_F(EngineTest, TimersRunInOrderOnTheEnginesThread) {
  HttpEngine engine(metrics_);
  std::vector<int> order;
  std::promise<void> done;
  engine.run_after(milliseconds(20), [&] {
    order.push_back(2);
    done.set_value();
  });
  engine.run_after(milliseconds(1), [&] { order.push_back(1); });
  done.get_future().wait();
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
}

TEST_F(EngineTest, CookiesGoToTheirHostAlone) {
  std::string cookies;
  const auto server = RawServer::answering([&](const RawRequest& request) {
    cookies = request.header("Cookie");
    return RawResponse{};
  });
  const std::string file = testing::TempDir() + "lazylfs_cookies_" + std::to_string(::getpid());
  ASSERT_TRUE(write_file_atomically(file,
                                    "# Netscape HTTP Cookie File\n"
                                    "127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\there\n"
                                    "127.0.0.1\tFALSE\t/other\tFALSE\t0\tpath\tno\n"
                                    "other.test\tFALSE\t/\tFALSE\t0\thost\tno\n")
                  .has_value());
  HttpEngine engine(metrics_);
  HttpOptions options = *direct_options();
  options.cookie_file = file;
  HttpRequest request = get(server->url("/x"));
  request.options = std::make_shared<const HttpOptions>(options);
  EXPECT_TRUE(engine.perform(request, 100).has_value());
  EXPECT_EQ(cookies, "session=here");
  (void)::unlink(file.c_str());
}

TEST_F(EngineTest, AProxyIsAskedWithTheWholeUrlAndItsCredentials) {
  RawRequest seen;
  const auto proxy = RawServer::answering([&](const RawRequest& request) {
    seen = request;
    return RawResponse{200, {}, "proxied"};
  });
  HttpEngine engine(metrics_);
  HttpOptions options;
  options.proxy = "http://user:pass@127.0.0.1:" + std::to_string(proxy->port());
  HttpRequest request = get("http://lfs.example.test/x");
  request.options = std::make_shared<const HttpOptions>(options);
  const Result<HttpResponse> response = engine.perform(request, 100);
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(seen.target, "http://lfs.example.test/x");
  EXPECT_EQ(seen.header("Proxy-Authorization"), "Basic dXNlcjpwYXNz");
}

TEST_F(EngineTest, HostsInNoProxyAreReachedDirectly) {
  const auto server = RawServer::answering([](const RawRequest&) { return RawResponse{}; });
  HttpEngine engine(metrics_);
  HttpOptions options;
  options.proxy = "http://127.0.0.1:1";
  options.no_proxy = "127.0.0.0/8";
  HttpRequest request = get(server->url("/"));
  request.options = std::make_shared<const HttpOptions>(options);
  EXPECT_TRUE(engine.perform(request, 100).has_value());
}

}  // namespace
}  // namespace lazylfs::lfs
