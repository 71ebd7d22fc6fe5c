// A gateway with a fake Kache server behind it, and the words its tests are written in.
#ifndef KACHE_TESTS_UNIT_GATEWAY_GATEWAY_FIXTURE_H_
#define KACHE_TESTS_UNIT_GATEWAY_GATEWAY_FIXTURE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/strings.h"
#include "gateway/gateway.h"
#include "gtest/gtest.h"
#include "spdlog/spdlog.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"
#include "tests/unit/http/raw_http_client.h"

namespace kache::gateway {

constexpr std::string_view kJson = "Content-Type: application/json\r\n";

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    spdlog::default_logger_raw();  // made here, as by main, and not by the first thread that logs
    config_.http.address = {"127.0.0.1", 0};
    config_.http.threads = 2;
    config_.servers = {kache_.address()};
    config_.handlers.request_timeout = absl::Seconds(5);
    config_.drain_delay = absl::ZeroDuration();
    config_.drain_time = absl::Seconds(5);
  }

  // Starts the gateway with config_, once it has changed it if it likes.
  void StartGateway() {
    auto gateway = Gateway::Start(config_);
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
  }

  // And waits until it has found the server.
  void StartReadyGateway() {
    StartGateway();
    ASSERT_TRUE(Eventually([this] { return Ask("GET", "/readyz").status == 200; }));
  }

  uint16_t port() const { return gateway_->port(); }

  // On a connection of its own.
  RawResponse Ask(std::string_view method, std::string_view target, std::string_view body = "",
                  std::string_view headers = "") const {
    return RawHttpClient(port()).Ask(method, target, body, headers);
  }

  // The value of a metric's line, by the exact text before it; -1 when there is none.
  double Metric(const std::string& name_and_labels) const {
    const std::string text = Concat("\n", RenderMetrics(gateway_->registry()));
    const size_t found = text.find(Concat("\n", name_and_labels, " "));
    if (found == std::string::npos) return -1;
    return std::stod(text.substr(found + name_and_labels.size() + 2));
  }

  FakeKache kache_;
  GatewayConfig config_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace kache::gateway

#endif  // KACHE_TESTS_UNIT_GATEWAY_GATEWAY_FIXTURE_H_
