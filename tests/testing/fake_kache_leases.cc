// The leases of a FakeKache.
#include <chrono>
#include <thread>

#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

constexpr uint64_t kTokenClock = uint64_t{0x1EA5E} << 16;
constexpr std::chrono::milliseconds kLook{2};

}  // namespace

v1::GetOrLeaseResponse FakeKache::LeaseNow(const std::string& key) {
  v1::GetOrLeaseResponse response;
  const v1::GetResponse found = Read(key);
  if (found.found()) {
    response.set_outcome(v1::GetOrLeaseResponse::OUTCOME_HIT);
    response.set_value(found.value());
    response.set_ttl_ms(found.ttl_ms());
    *response.mutable_receipt() = found.receipt();
    const std::lock_guard lock(mutex_);
    leased_.erase(key);
    return response;
  }
  response.set_lease_ms(10'000);
  const std::lock_guard lock(mutex_);
  if (!leased_.insert(key).second) {
    response.set_outcome(v1::GetOrLeaseResponse::OUTCOME_WAIT);
    return response;
  }
  response.set_outcome(v1::GetOrLeaseResponse::OUTCOME_LEASE);
  const auto now_ms = static_cast<uint64_t>(absl::ToUnixMillis(writes_.cluster_time()));
  response.mutable_lease()->set_timestamp((now_ms - 5000) << 16);
  response.mutable_lease()->set_clock(kTokenClock);
  response.mutable_lease()->set_lease(true);
  return response;
}

v1::GetOrLeaseResponse FakeKache::Lease(const v1::GetOrLeaseRequest& request) {
  const auto by = std::chrono::steady_clock::now() + std::chrono::milliseconds(request.wait_ms());
  while (true) {
    v1::GetOrLeaseResponse response = LeaseNow(request.key());
    const bool waits = response.outcome() == v1::GetOrLeaseResponse::OUTCOME_WAIT;
    if (!waits || std::chrono::steady_clock::now() >= by) return response;
    std::this_thread::sleep_for(kLook);
  }
}

grpc::Status FakeKache::GetOrLease(grpc::ServerContext* context,
                                   const v1::GetOrLeaseRequest* request,
                                   v1::GetOrLeaseResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  *response = Lease(*request);
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  return grpc::Status::OK;
}

}  // namespace kache
