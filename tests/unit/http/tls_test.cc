// TLS against a server whose certificate an authority of the test's own has signed.
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/http/engine.h"
#include "lfs/http/http_options.h"

namespace lazylfs::lfs {
namespace {

Result<std::string> openssl(const std::string& folder, const std::string& arguments) {
  Command command;
  command.argv = TRY(split_command_line("openssl " + arguments));
  command.folder = folder;
  return run_command_checked(command);
}

// ca.pem signs server.pem (for 127.0.0.1) and client.pem.
Result<void> make_certificates(const std::string& folder) {
  const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
  TRY(openssl(folder, "req -x509 -days 2 -subj /CN=TestRoot -keyout ca.key -out ca.pem " + key));
  TRY(write_file_atomically(folder + "/san.cnf", "subjectAltName=IP:127.0.0.1\n"));
  for (const char* name : {"server", "client"}) {
    const std::string files = std::string("-keyout ") + name + ".key -out " + name + ".csr ";
    TRY(openssl(folder, "req -new -subj /CN=127.0.0.1 " + files + key));
    TRY(openssl(folder, std::string("x509 -req -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial ") +
                            "-extfile san.cnf -in " + name + ".csr -out " + name + ".pem"));
  }
  return {};
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "lazylfs_tls_" + std::to_string(::getpid());
    ASSERT_TRUE(make_folders(folder_).has_value());
    const Result<void> made = make_certificates(folder_);
    ASSERT_TRUE(made.has_value()) << made.error().message();
  }
  void TearDown() override {
    if (server_ != nullptr) server_->stop();
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove_all(folder_);
  }

  void serve(bool wants_client_certificate) {
    const std::string ca = folder_ + "/ca.pem";
    server_ = std::make_unique<httplib::SSLServer>((folder_ + "/server.pem").c_str(),
                                                   (folder_ + "/server.key").c_str(),
                                                   wants_client_certificate ? ca.c_str() : nullptr);
    ASSERT_TRUE(server_->is_valid());
    server_->Get("/x", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("secure", "text/plain");
    });
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
  }

  // The machine's own settings would beat those that are tested.
  static void SetUpTestSuite() {
    for (const char* name : {"GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY"}) {
      ::unsetenv(name);
    }
  }

  Result<HttpResponse> fetch(std::vector<ConfigEntry> entries, const std::string& passphrase = "") {
    HttpRequest request;
    request.url = "https://127.0.0.1:" + std::to_string(port_) + "/x";
    entries.push_back({"http.proxy", ""});
    HttpOptions options = *http_options_for(Config(std::move(entries)), *Url::parse(request.url));
    options.key_passphrase = passphrase;
    request.options = std::make_shared<const HttpOptions>(std::move(options));
    Metrics metrics;
    HttpEngine engine(metrics);
    return engine.perform(request, 100);
  }

  std::string folder_;
  std::unique_ptr<httplib::SSLServer> server_;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(TlsTest, AnUnknownAuthorityIsDeniedUnlessVerificationIsOff) {
  serve(false);
  const Result<HttpResponse> refused = fetch({});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::denied) << refused.error().message();
  EXPECT_TRUE(fetch({{"http.sslverify", "false"}}).has_value());
}

TEST_F(TlsTest, ANamedAuthorityIsTrustedFromFileAndFolder) {
  serve(false);
  const Result<HttpResponse> response = fetch({{"http.sslcainfo", folder_ + "/ca.pem"}});
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(response->body, "secure");
  const Result<HttpResponse> by_folder = fetch({{"http.sslcapath", folder_}});
  EXPECT_TRUE(by_folder.has_value()) << by_folder.error().message();
}

TEST_F(TlsTest, AClientCertificateOpensAServerThatAsksForOne) {
  serve(true);
  const ConfigEntry ca = {"http.sslcainfo", folder_ + "/ca.pem"};
  EXPECT_FALSE(fetch({ca}).has_value());
  const Result<HttpResponse> response = fetch(
      {ca, {"http.sslcert", folder_ + "/client.pem"}, {"http.sslkey", folder_ + "/client.key"}});
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(response->body, "secure");
}

TEST_F(TlsTest, AnEncryptedKeyTakesItsPassphrase) {
  serve(true);
  const Result<std::string> locked =
      openssl(folder_, "ec -aes128 -passout pass:sesame -in client.key -out locked.key");
  ASSERT_TRUE(locked.has_value()) << locked.error().message();
  const std::vector<ConfigEntry> entries = {{"http.sslcainfo", folder_ + "/ca.pem"},
                                            {"http.sslcert", folder_ + "/client.pem"},
                                            {"http.sslkey", folder_ + "/locked.key"}};
  EXPECT_TRUE(fetch(entries, "sesame").has_value());
  const Result<HttpResponse> refused = fetch(entries, "wrong");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Errc::denied);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("passphrase may be wrong"));
}

}  // namespace
}  // namespace lazylfs::lfs
