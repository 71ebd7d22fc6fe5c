#include "client/ctl/servers.h"

#include <utility>

#include "base/strings.h"
#include "client/channel.h"

namespace kache::ctl {

Servers::Servers(const std::vector<std::string>& addresses, absl::Duration timeout,
                 const ChannelSecurity& security)
    : timeout_(timeout) {
  for (const std::string& address : addresses) {
    const std::shared_ptr<grpc::Channel> channel = OpenChannel(address, security, {});
    servers_.push_back(
        {address, v1::Kache::NewStub(channel), grpc::health::v1::Health::NewStub(channel)});
  }
}

absl::StatusOr<std::string> Servers::Health(size_t i, const std::string& service) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  const absl::Status status = Named(i, servers_[i].health->Check(&context, request, &response));
  if (!status.ok()) return status;
  return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
}

absl::Status Servers::AskForTime(size_t i, absl::Duration timeout, bool* keeps_stamps) {
  const MonotonicTime sent = std::chrono::steady_clock::now();
  v1::GetStatusResponse response;
  const absl::Status status =
      Call(i, timeout, &v1::Kache::StubInterface::GetStatus, v1::GetStatusRequest(), &response);
  *keeps_stamps = !status.ok() || response.cluster_time_unix_ms() != 0;
  AddTime(sent, response.cluster_time_unix_ms());
  return status;
}

absl::Time Servers::ClusterNow() const {
  return cluster_time_.At(std::chrono::steady_clock::now()).value_or(absl::Now());
}

void Servers::AddTime(MonotonicTime sent, int64_t told_unix_ms) {
  cluster_time_.Add(sent, std::chrono::steady_clock::now(), told_unix_ms);
}

absl::Status Servers::Named(size_t i, const grpc::Status& status) const {
  const absl::Status plain = StatusFromRpc(status);
  if (plain.ok()) return plain;
  absl::Status named(plain.code(), Concat(address(i), ": ", ToStd(plain.message())));
  plain.ForEachPayload([&named](absl::string_view url, const absl::Cord& payload) {
    named.SetPayload(url, payload);
  });
  return named;
}

}  // namespace kache::ctl
