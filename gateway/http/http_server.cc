#include "gateway/http/http_server.h"

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "base/strings.h"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "gateway/http/connection.h"
#include "gateway/http/worker.h"
#include "spdlog/spdlog.h"

namespace kache::gateway {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

// After an error of accept (no file descriptor left, say) the next try waits this long.
constexpr auto kAcceptBackoff = std::chrono::milliseconds(100);
constexpr absl::Duration kAwaitStep = absl::Milliseconds(5);

absl::Status CannotListen(const HostPort& address, const error_code& error) {
  return absl::UnavailableError(
      Concat("cannot listen on ", address.ToString(), ": ", error.message()));
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(const HttpOptions& options, HttpService* service, HttpObserver* observer)
      : state_(options) {
    state_.service = service;
    state_.observer = observer;
    observer->OnServing(state_.held);
  }

  ~Impl() {
    StopAccepting();
    // Worker 0 runs the acceptor; it may hand sockets to the others, so it goes first.
    for (const auto& worker : workers_) worker->Stop();
  }

  absl::Status Listen();
  void StopAccepting();
  bool AwaitConnections(absl::Duration timeout);
  void BeginDrain() { state_.draining = true; }
  uint16_t port() const { return port_; }
  uint64_t held_bytes() const { return state_.held.bytes(); }

 private:
  void Accept();
  void OnAccepted(const error_code& error, Worker* worker, TcpSocket socket);

  HttpServerState state_;
  std::vector<std::unique_ptr<Worker>> workers_;
  // Used on worker 0's thread only, once it accepts. Destroyed before the workers.
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<net::basic_waitable_timer<std::chrono::steady_clock>> accept_backoff_;
  size_t next_worker_ = 0;
  uint16_t port_ = 0;
};

absl::Status HttpServer::Impl::Listen() {
  if (!state_.options.tls.cert_file.empty()) {
    auto certificates = Certificates::Start(TlsSide::kServer, state_.options.tls, "the HTTP port");
    if (!certificates.ok()) return certificates.status();
    state_.certificates = *std::move(certificates);
  }
  for (size_t i = 0; i < state_.options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(&state_, i));
  }
  net::io_context& context = workers_.front()->context();
  const HostPort& address = state_.options.address;
  error_code error;
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error) return CannotListen(address, error);
  const tcp::endpoint endpoint = found.begin()->endpoint();

  acceptor_ = std::make_unique<tcp::acceptor>(context);
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(net::socket_base::max_listen_connections, error);
  if (error) return CannotListen(address, error);
  port_ = acceptor_->local_endpoint().port();
  accept_backoff_ = std::make_unique<net::basic_waitable_timer<std::chrono::steady_clock>>(context);
  net::post(context, [this] { Accept(); });
  return absl::OkStatus();
}

void HttpServer::Impl::Accept() {
  if (!acceptor_->is_open()) return;
  Worker* const worker = workers_[next_worker_++ % workers_.size()].get();
  // The socket belongs to the worker's context from the start; a connection never moves.
  acceptor_->async_accept(worker->context(),
                          [this, worker](const error_code& error, TcpSocket socket) {
                            OnAccepted(error, worker, std::move(socket));
                          });
}

void HttpServer::Impl::OnAccepted(const error_code& error, Worker* worker, TcpSocket socket) {
  if (error == net::error::operation_aborted) return;
  if (!error) {
    worker->Adopt(std::move(socket));
    Accept();
    return;
  }
  spdlog::warn("cannot accept connections reason=\"{}\"", error.message());
  accept_backoff_->expires_after(kAcceptBackoff);
  accept_backoff_->async_wait([this](const error_code& stopped) {
    if (!stopped) Accept();
  });
}

void HttpServer::Impl::StopAccepting() {
  if (workers_.empty()) return;
  net::post(workers_.front()->context(), [this] {
    error_code ignored;
    if (acceptor_) acceptor_->close(ignored);
    if (accept_backoff_) accept_backoff_->cancel();
  });
  for (const auto& worker : workers_) worker->CloseIdle();
}

bool HttpServer::Impl::AwaitConnections(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (state_.connections.load() > 0) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(kAwaitStep);
  }
  return true;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const Options& options,
                                                              HttpService* service,
                                                              HttpObserver* observer) {
  auto impl = std::make_unique<Impl>(options, service, observer);
  if (const absl::Status status = impl->Listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
uint16_t HttpServer::port() const { return impl_->port(); }
uint64_t HttpServer::held_bytes() const { return impl_->held_bytes(); }
void HttpServer::BeginDrain() { impl_->BeginDrain(); }
void HttpServer::StopAccepting() { impl_->StopAccepting(); }
bool HttpServer::AwaitConnections(absl::Duration timeout) {
  return impl_->AwaitConnections(timeout);
}

}  // namespace kache::gateway
