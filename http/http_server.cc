#include "http/http_server.h"

#include <chrono>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "base/strings.h"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ip/v6_only.hpp"
#include "boost/asio/post.hpp"
#include "http/connection.h"
#include "http/worker.h"
#include "spdlog/spdlog.h"

namespace kache {
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

// The machine does not have such an address, or no addresses of that family.
bool IsMissing(const error_code& error) {
  return error == net::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

struct Acceptor {
  explicit Acceptor(net::io_context& context) : socket(context), backoff(context) {}

  // May be called again after an error, for another address.
  void Listen(const tcp::endpoint& endpoint, error_code& error) {
    if (socket.is_open()) socket.close(error);
    socket.open(endpoint.protocol(), error);
    if (!error) socket.set_option(net::socket_base::reuse_address(true), error);
    // "::" takes both families; ::1 and 127.0.0.1 are listened on side by side.
    if (!error && endpoint.address().is_v6()) {
      socket.set_option(net::ip::v6_only(!endpoint.address().is_unspecified()), error);
    }
    if (!error) socket.bind(endpoint, error);
    if (!error) socket.listen(net::socket_base::max_listen_connections, error);
  }

  tcp::acceptor socket;
  net::basic_waitable_timer<std::chrono::steady_clock> backoff;
};

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
  absl::Status ListenOnAll();
  void Accept(Acceptor* acceptor);
  void OnAccepted(const error_code& error, Acceptor* acceptor, Worker* worker, TcpSocket socket);

  HttpServerState state_;
  std::vector<std::unique_ptr<Worker>> workers_;
  // One for each address. Used on worker 0's thread only, once it accepts. Destroyed before the
  // workers.
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  size_t next_worker_ = 0;
  uint16_t port_ = 0;
};

absl::Status HttpServer::Impl::Listen() {
  if (!state_.options.tls.cert_file.empty()) {
    auto certificates =
        Certificates::Start(TlsSide::kServer, state_.options.tls, state_.options.whose);
    if (!certificates.ok()) return certificates.status();
    state_.certificates = *std::move(certificates);
  }
  for (size_t i = 0; i < state_.options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(&state_, i));
  }
  // With port 0 the first address takes a free one, which may be taken on the next.
  constexpr int kTries = 8;
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    acceptors_.clear();
    status = ListenOnAll();
    if (status.ok() || state_.options.address.port != 0) break;
  }
  if (!status.ok()) return status;
  for (const auto& acceptor : acceptors_) {
    net::post(workers_.front()->context(), [this, raw = acceptor.get()] { Accept(raw); });
  }
  return absl::OkStatus();
}

absl::Status HttpServer::Impl::ListenOnAll() {
  net::io_context& context = workers_.front()->context();
  const HostPort& address = state_.options.address;
  error_code error;
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error) return CannotListen(address, error);
  port_ = address.port;
  std::set<net::ip::address> seen;
  error_code missing;
  for (const auto& entry : found) {
    const net::ip::address ip = entry.endpoint().address();
    if (!seen.insert(ip).second) continue;
    auto acceptor = std::make_unique<Acceptor>(context);
    acceptor->Listen({ip, port_}, error);
    if (IsMissing(error) && ip.is_v6() && ip.is_unspecified()) {
      // A machine without IPv6: all of its addresses are those of IPv4.
      acceptor->Listen({net::ip::address_v4::any(), port_}, error);
    }
    if (IsMissing(error)) {
      missing = error;
      continue;
    }
    if (error) return CannotListen(address, error);
    port_ = acceptor->socket.local_endpoint().port();
    acceptors_.push_back(std::move(acceptor));
  }
  return acceptors_.empty() ? CannotListen(address, missing) : absl::OkStatus();
}

void HttpServer::Impl::Accept(Acceptor* acceptor) {
  if (!acceptor->socket.is_open()) return;
  Worker* const worker = workers_[next_worker_++ % workers_.size()].get();
  // The socket belongs to the worker's context from the start; a connection never moves.
  acceptor->socket.async_accept(
      worker->context(), [this, acceptor, worker](const error_code& error, TcpSocket socket) {
        OnAccepted(error, acceptor, worker, std::move(socket));
      });
}

void HttpServer::Impl::OnAccepted(const error_code& error, Acceptor* acceptor, Worker* worker,
                                  TcpSocket socket) {
  if (error == net::error::operation_aborted) return;
  if (!error) {
    worker->Adopt(std::move(socket));
    Accept(acceptor);
    return;
  }
  spdlog::warn("cannot accept connections reason=\"{}\"", error.message());
  acceptor->backoff.expires_after(kAcceptBackoff);
  acceptor->backoff.async_wait([this, acceptor](const error_code& stopped) {
    if (!stopped) Accept(acceptor);
  });
}

void HttpServer::Impl::StopAccepting() {
  if (workers_.empty()) return;
  net::post(workers_.front()->context(), [this] {
    for (const auto& acceptor : acceptors_) {
      error_code ignored;
      acceptor->socket.close(ignored);
      acceptor->backoff.cancel();
    }
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

}  // namespace kache
