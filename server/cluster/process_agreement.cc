#include "server/cluster/process_agreement.h"

namespace kache {

bool LivedSideBySide(const ProcessLife& a, const ProcessLife& b, absl::Duration margin) {
  return a.run_id != b.run_id && a.known_since + margin < b.alive_at &&
         b.known_since + margin < a.alive_at;
}

ProcessAgreement JudgeProcesses(std::span<const ProcessLife> reached, absl::Duration margin) {
  ProcessAgreement agreement = ProcessAgreement::kOne;
  for (const ProcessLife& a : reached) {
    for (const ProcessLife& b : reached) {
      if (LivedSideBySide(a, b, margin)) return ProcessAgreement::kSeveral;
      if (a.run_id != b.run_id) agreement = ProcessAgreement::kUnsettled;
    }
  }
  return agreement;
}

redis::DownReason ReasonToReconnect(ProcessAgreement agreement) {
  if (agreement == ProcessAgreement::kSeveral) {
    return {kSeveralProcesses, "several living Redis processes answer under this name"};
  }
  return {kProcessChanged, "the connections of this name reach different Redis processes"};
}

}  // namespace kache
