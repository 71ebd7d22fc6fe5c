#include "server/api/admission.h"

#include "base/fair_share.h"
#include "base/strings.h"
#include "server/api/refusals.h"

namespace kache {
AdmissionControl::AdmissionControl(int64_t limit, int64_t max_bytes, prometheus::Registry& registry)
    : limit_(limit),
      gauge_(prometheus::BuildGauge()
                 .Name("kache_in_flight_operations")
                 .Help("Operations accepted whose answer has not left yet.")
                 .Register(registry)
                 .Add({})),
      bytes_gauge_(prometheus::BuildGauge()
                       .Name("kache_in_flight_bytes")
                       .Help("Bytes of requests and answers of operations in flight.")
                       .Register(registry)
                       .Add({})),
      rejected_full_(Refusals(registry, "too_many_in_flight")),
      rejected_share_(Refusals(registry, "too_many_in_flight_of_connection")),
      rejected_bytes_share_(Refusals(registry, "too_many_bytes_of_connection")),
      rejected_closed_(Refusals(registry, "stopping")),
      bytes_(max_bytes, &Refusals(registry, "too_many_bytes")) {}

absl::Status AdmissionControl::Admit(int64_t operations, ConnectionPlace place) {
  if (closed_.load(std::memory_order_relaxed)) {
    rejected_closed_.Increment();
    return absl::UnavailableError("the server is stopping");
  }
  const int64_t own = operations_of_.Add(place, operations);
  const int64_t before = in_flight_.fetch_add(operations, std::memory_order_relaxed);
  if (before == 0) return absl::OkStatus();
  if (before + operations > limit_) {
    Release(operations, place);
    rejected_full_.Increment();
    return absl::ResourceExhaustedError(
        Concat("more than MAX_IN_FLIGHT (", limit_, ") operations at once; try again later"));
  }
  if (IsOverFairShare(limit_, before, own, operations)) {
    Release(operations, place);
    rejected_share_.Increment();
    return absl::ResourceExhaustedError(
        Concat("more than one connection's share of MAX_IN_FLIGHT (", limit_,
               ") operations at once; send fewer at once, or try again later"));
  }
  return absl::OkStatus();
}

bool AdmissionControl::AdmitBytes(int64_t bytes, ConnectionPlace place, int64_t own, int64_t size) {
  const int64_t of_connection = bytes_of_.Add(place, bytes);
  const int64_t held = bytes_.bytes();
  const bool over = held > own && IsOverFairShare(bytes_.bound(), held, of_connection, bytes);
  if (!over && bytes_.Admit(bytes, own, size)) return true;
  bytes_of_.Remove(place, bytes);
  if (over) rejected_bytes_share_.Increment();
  return false;
}

absl::Status AdmissionControl::NoRoom() const {
  return absl::ResourceExhaustedError(Concat(
      "more than MAX_IN_FLIGHT_BYTES (", bytes_.bound(),
      "), or one connection's share of it, of requests and answers at once, on their way to the "
      "nodes, or not read by clients; "
      "try again later"));
}

void AdmissionControl::PublishGauges() {
  gauge_.Set(static_cast<double>(in_flight()));
  bytes_gauge_.Set(static_cast<double>(bytes_.bytes()));
}

}  // namespace kache
