// The Kache servers that a command asks: blocking calls, one after another.
//
// Ask goes through the servers in order until one answers anything but UNAVAILABLE, each within an
// even part of the time that is left; so a dead server costs a delay, not the command.
//
// Thread-compatible. Errors are those of kache.proto; their message starts with the server's
// address.
#ifndef KACHE_CLIENT_CTL_SERVERS_H_
#define KACHE_CLIENT_CTL_SERVERS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/rpc_status.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "kache/v1/kache.grpc.pb.h"
#include "security/channel/channel_security.h"

namespace kache::ctl {

class Servers {
 public:
  template <class Request, class Response>
  using Method = grpc::Status (v1::Kache::StubInterface::*)(grpc::ClientContext*, const Request&,
                                                            Response*);

  // `timeout` is for each Ask, and for each AskOne.
  Servers(const std::vector<std::string>& addresses, absl::Duration timeout,
          const ChannelSecurity& security = {});

  size_t size() const { return servers_.size(); }
  const std::string& address(size_t i) const { return servers_[i].address; }

  template <class Request, class Response>
  absl::Status Ask(Method<Request, Response> method, const Request& request, Response* response) {
    const absl::Time deadline = absl::Now() + timeout_;
    absl::Status status;
    for (size_t i = 0; i < servers_.size(); ++i) {
      const absl::Duration left = deadline - absl::Now();
      status = Call(i, left / (servers_.size() - i), method, request, response);
      answered_by_ = i;
      if (!IsNoAnswer(status) || i + 1 == servers_.size()) return status;
    }
    return status;
  }
  // The server that the last Ask ended with.
  size_t answered_by() const { return answered_by_; }

  template <class Request, class Response>
  absl::Status AskOne(size_t i, Method<Request, Response> method, const Request& request,
                      Response* response) {
    return Call(i, timeout_, method, request, response);
  }

  // "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN", by the gRPC health protocol.
  absl::StatusOr<std::string> Health(size_t i, const std::string& service);

 private:
  struct Server {
    std::string address;
    std::unique_ptr<v1::Kache::StubInterface> kache;
    std::unique_ptr<grpc::health::v1::Health::StubInterface> health;
  };

  // Another server may know better: this one is gone, or draining, or has no healthy replica, or
  // did not answer in its part of the time. All operations are idempotent.
  static bool IsNoAnswer(const absl::Status& status) {
    return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  }

  template <class Request, class Response>
  absl::Status Call(size_t i, absl::Duration timeout, Method<Request, Response> method,
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    response->Clear();
    return Named(i, ((*servers_[i].kache).*method)(&context, request, response));
  }

  absl::Status Named(size_t i, const grpc::Status& status) const;

  const absl::Duration timeout_;
  std::vector<Server> servers_;
  size_t answered_by_ = 0;
};

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_SERVERS_H_
