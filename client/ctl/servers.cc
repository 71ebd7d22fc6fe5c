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
