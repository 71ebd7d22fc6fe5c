#include "server/recovery/process_conflicts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/cluster/process_agreement.h"

namespace kache {
namespace {

// What a heartbeat tells of lives is exact to a second.
constexpr absl::Duration kExactness = absl::Seconds(1);

struct Reached {
  uint64_t coordinator;
  ReachedProcess process;
};

// The newest heartbeat of each coordinator that lives, by any node's word; not of this one.
std::map<uint64_t, const Heartbeat*> NewestHeartbeats(const Evidence& evidence) {
  std::map<uint64_t, const Heartbeat*> newest;
  for (const NodeEvidence& node : evidence.nodes) {
    if (!node.inspection) continue;
    for (const Heartbeat& heartbeat : node.inspection->heartbeats) {
      const uint64_t coordinator = heartbeat.coordinator;
      if (!heartbeat.lives || coordinator == evidence.self || heartbeat.ring != evidence.ring ||
          heartbeat.reached.size() != evidence.nodes.size() ||
          IsCutOff(*node.inspection, coordinator)) {
        continue;
      }
      const Heartbeat*& known = newest[coordinator];
      if (known == nullptr || known->as_of < heartbeat.as_of) known = &heartbeat;
    }
  }
  return newest;
}

ProcessAgreement Judged(const std::vector<Reached>& reached) {
  std::vector<ProcessLife> lives;
  for (const Reached& each : reached) {
    lives.push_back({each.process.run_id, each.process.known_since - absl::UnixEpoch(),
                     each.process.alive_at - absl::UnixEpoch()});
  }
  return JudgeProcesses(lives, ProcessConflicts::kMargin);
}

// Since when a second process was used.
absl::Time SecondKnownSince(const std::vector<Reached>& reached) {
  std::map<std::string, absl::Time> known;  // by process
  for (const Reached& each : reached) {
    const auto at = known.try_emplace(each.process.run_id, each.process.known_since).first;
    at->second = std::min(at->second, each.process.known_since);
  }
  std::vector<absl::Time> since;
  for (const auto& [run_id, at] : known) since.push_back(at);
  std::sort(since.begin(), since.end());
  return since[1] - ProcessConflicts::kMargin - kExactness;
}

std::string Described(const std::vector<Reached>& reached) {
  std::string text;
  for (const Reached& each : reached) {
    Append(&text, text.empty() ? "" : ",", CoordinatorText(each.coordinator), ":",
           each.process.run_id);
  }
  return text;
}

}  // namespace

ProcessConflicts::ProcessConflicts(std::vector<NodeId> by_name, absl::Duration agreed)
    : by_name_(std::move(by_name)), agreed_(agreed), nodes_(by_name_.size()) {}

std::vector<ProcessConflicts::Conflict> ProcessConflicts::OnEvidence(const Evidence& evidence,
                                                                     MonotonicTime now) {
  const std::map<uint64_t, const Heartbeat*> heartbeats = NewestHeartbeats(evidence);
  std::vector<Conflict> begun;
  for (size_t place = 0; place < by_name_.size(); ++place) {
    const NodeId id = by_name_[place];
    std::vector<Reached> reached = {{evidence.self, evidence.nodes[id.index()].reached}};
    reached.front().process.run_id = ShortRunId(reached.front().process.run_id);
    for (const auto& [coordinator, heartbeat] : heartbeats) {
      reached.push_back({coordinator, heartbeat->reached[place]});
    }
    std::erase_if(reached, [](const Reached& each) { return each.process.run_id.empty(); });
    const ProcessAgreement agreement = Judged(reached);
    Node& node = nodes_[id.index()];
    if (agreement == ProcessAgreement::kSeveral && !std::exchange(node.stands, true)) {
      begun.push_back({id, SecondKnownSince(reached), Described(reached)});
    }
    if (agreement != ProcessAgreement::kOne) {
      node.agreed_since.reset();
    } else if (!node.agreed_since) {
      node.agreed_since = now;
    } else if (absl::FromChrono(now - *node.agreed_since) >= agreed_) {
      node.stands = false;
    }
  }
  return begun;
}

}  // namespace kache
