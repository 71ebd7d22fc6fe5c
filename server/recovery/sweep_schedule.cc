#include "server/recovery/sweep_schedule.h"

#include <algorithm>

namespace kache {
namespace {

// Keys that each coordinator goes through until all nodes were swept.
double KeysOfEach(const SweepLoad& load) {
  const size_t nodes = std::max<size_t>(load.nodes, 1);
  const size_t coordinators = std::clamp<size_t>(load.coordinators, 1, nodes);
  return static_cast<double>(load.keys) * static_cast<double>(nodes) /
         static_cast<double>(coordinators);
}

}  // namespace

std::optional<NodeId> NextSweep(const std::vector<SweepCandidate>& candidates,
                                absl::Duration interval) {
  const int64_t interval_ms = absl::ToInt64Milliseconds(interval);
  std::optional<NodeId> next;
  int64_t first_ms = 0;
  for (const SweepCandidate& candidate : candidates) {
    int64_t since_ms = candidate.swept_ms + interval_ms - candidate.lead_ms;
    if (candidate.due_ms > 0) since_ms = std::min(since_ms, candidate.due_ms);
    const bool is_due = candidate.due_ms > 0 || since_ms <= candidate.now_ms;
    if (!is_due || (next && since_ms >= first_ms)) continue;
    next = candidate.node;
    first_ms = since_ms;
  }
  return next;
}

double SweepRate(const SweepLoad& load, absl::Duration interval, double least, double most) {
  const double seconds = std::max(absl::ToDoubleSeconds(interval) / 2, 1e-3);
  return std::clamp(KeysOfEach(load) / seconds, least, std::max(least, most));
}

absl::Duration SweepTime(const SweepLoad& load, double rate) {
  return absl::Seconds(KeysOfEach(load) / rate);
}

}  // namespace kache
