// An HTTP server with a toy service behind it.
#ifndef KACHE_TESTS_UNIT_HTTP_HTTP_SERVER_FIXTURE_H_
#define KACHE_TESTS_UNIT_HTTP_HTTP_SERVER_FIXTURE_H_

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "http/error_response.h"
#include "http/http_server.h"
#include "tests/testing/eventually.h"
#include "tests/unit/http/raw_http_client.h"

namespace kache {

// Answers "METHOD TARGET BODY". /hold keeps its responder until Release, and so does /reserve/N,
// which reserves N bytes or answers 503; /drop loses it; /big answers 64 MiB, and /big-write, which
// tells of a write; /refuse is refused at its head.
class EchoService final : public HttpService {
 public:
  static constexpr uint64_t kBodyLimit = 1000;
  static constexpr size_t kBigBytes = 64 * 1024 * 1024;

  Admission Admit(HttpRequest& request) override {
    if (request.target == "/refuse") return Admission::Refuse(Refusal(405, "no"));
    if (request.target == "/large") return Admission::UpTo(64 * 1024 * 1024);
    return Admission::UpTo(kBodyLimit);
  }

  void Serve(HttpRequest& request, Responder responder) override {
    HttpResponse response;
    response.content_type = "text/plain";
    response.body =
        std::string(HttpMethodName(request.method)) + " " + request.target + " " +
        (request.target == "/large" ? std::to_string(request.body.size()) : request.body);
    if (request.target == "/drop") return;
    constexpr std::string_view kReserve = "/reserve/";
    if (request.target.starts_with(kReserve) &&
        !responder.Reserve(std::stoull(request.target.substr(kReserve.size())))) {
      return responder.Send(NoRoomResponse());
    }
    if (request.target == "/hold" || request.target.starts_with(kReserve)) {
      const std::lock_guard lock(mutex_);
      held_.emplace(std::move(responder));
      held_response_ = std::move(response);
      return;
    }
    if (request.target.starts_with("/big")) response.body.assign(kBigBytes, 'x');
    response.tells_of_write = request.target == "/big-write";
    responder.Send(std::move(response));
  }

  HttpResponse Refusal(int status, std::string_view message) override {
    HttpResponse response;
    response.status = status;
    response.body = std::string(message);
    return response;
  }

  bool holds() const {
    const std::lock_guard lock(mutex_);
    return held_.has_value();
  }

  void Release() {
    const std::lock_guard lock(mutex_);
    held_->Send(std::move(held_response_));
    held_.reset();
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Responder> held_;
  HttpResponse held_response_;
};

class CountingObserver final : public HttpObserver {
 public:
  void OnConnectionOpened() override { ++connections; }
  void OnConnectionClosed() override { --connections; }
  void OnStarted(const HttpRequest& /*request*/) override { ++started; }
  void OnAnswered(const HttpRequest& /*request*/, const HttpAnswered& answer) override {
    if (answer.served) ++answered;
  }
  void OnRefused(RefusalReason reason) override { ++refused_[static_cast<size_t>(reason)]; }
  int refused(RefusalReason reason) const { return refused_[static_cast<size_t>(reason)]; }

  std::atomic<int> connections = 0;
  std::atomic<int> started = 0;
  std::atomic<int> answered = 0;

 private:
  std::array<std::atomic<int>, static_cast<size_t>(RefusalReason::kCount)> refused_ = {};
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    options_.address = {"127.0.0.1", 0};
    options_.threads = 2;
  }

  void Start() {
    auto server = HttpServer::Start(options_, &service_, &observer_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  RawHttpClient Connect() { return RawHttpClient(server_->port()); }

  // Sends the bytes on a connection of their own and reads one answer.
  RawResponse Ask(std::string_view bytes) {
    RawHttpClient client(server_->port());
    client.Send(bytes);
    return client.Receive();
  }

  HttpOptions options_;
  EchoService service_;
  CountingObserver observer_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_HTTP_HTTP_SERVER_FIXTURE_H_
