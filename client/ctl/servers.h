// The Kache servers that a command asks: blocking calls, one after another.
//
// Ask goes through the servers in order until one answers, each within an even part of the time
// that is left; so a dead server costs a delay, not the command. UNAVAILABLE and DEADLINE_EXCEEDED
// are no answers. It is for what changes nothing, as a server may be asked although another one was
// before.
//
// Write does the same with a write. All its attempts carry one stamp (client/stamped_write.h), by
// cluster time, for which each server is asked first. A server of an earlier release ignores
// stamps: what it may have done is not sent to another one.
//
// Thread-compatible. Errors are those of kache.proto; their message starts with the server's
// address.
#ifndef KACHE_CLIENT_CTL_SERVERS_H_
#define KACHE_CLIENT_CTL_SERVERS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/error_details.h"
#include "client/cluster_time.h"
#include "client/rpc_status.h"
#include "client/stamp_clock.h"
#include "client/stamped_write.h"
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
  // `method` is Put, Delete or Touch. For each server in turn a GetStatus, and then the write.
  template <class Request, class Response>
  absl::Status Write(Method<Request, Response> method, Request request, Response* response) {
    const absl::Time deadline = absl::Now() + timeout_;
    StampedWrite write;
    absl::Status status;
    for (size_t i = 0; i < servers_.size(); ++i) {
      const absl::Time part_end = absl::Now() + (deadline - absl::Now()) / (servers_.size() - i);
      bool keeps_stamps = true;
      answered_by_ = i;
      status = AskForTime(i, (part_end - absl::Now()) / 2, &keeps_stamps);
      if (IsNoAnswer(status)) continue;
      if (!write.version().IsSet()) write.Stamp(clock_, ClusterNow());
      status = Send(i, part_end, method, &write, &request, response);
      if (!IsNoAnswer(status) || !keeps_stamps) return status;
    }
    return status;
  }
  // The server that the last Ask or Write ended with.
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
  // did not answer in its part of the time.
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

  // Asks server `i` for cluster time; the wall clock counts where it does not tell.
  absl::Status AskForTime(size_t i, absl::Duration timeout, bool* keeps_stamps);
  absl::Time ClusterNow() const;
  // Notes the time that an error of an exchange tells.
  void AddTime(MonotonicTime sent, int64_t told_unix_ms);

  // Sends a write to server `i`, and again when it lost and was stamped anew.
  template <class Request, class Response>
  absl::Status Send(size_t i, absl::Time end, Method<Request, Response> method, StampedWrite* write,
                    Request* request, Response* response) {
    while (true) {
      write->CopyTo(request->mutable_stamp());
      const MonotonicTime sent = std::chrono::steady_clock::now();
      const absl::Status status = Call(i, end - absl::Now(), method, *request, response);
      if (status.ok()) return status;
      AddTime(sent, ClusterTimeMsOf(status).value_or(0));
      const auto is_waited_for = [end] { return absl::Now() < end; };
      switch (write->Judge(status, is_waited_for, clock_, ClusterNow())) {
        case StampedWrite::Verdict::kFailed:
          return status;
        case StampedWrite::Verdict::kStored:
          *response->mutable_receipt() = ReceiptOfLost(status);
          if constexpr (requires { response->set_found(true); }) response->set_found(true);
          return absl::OkStatus();
        case StampedWrite::Verdict::kSendAgain:
          break;
      }
    }
  }

  absl::Status Named(size_t i, const grpc::Status& status) const;

  const absl::Duration timeout_;
  std::vector<Server> servers_;
  ClusterTime cluster_time_;
  StampClock clock_;
  size_t answered_by_ = 0;
};

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_SERVERS_H_
