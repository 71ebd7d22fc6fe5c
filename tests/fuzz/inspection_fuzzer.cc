// Any texts as what nodes answer to an inspection: nothing crashes, what is read keeps the promises
// of the texts' headers, reads the same when it is written out again, and no decision takes a node
// for whole whose marker does not say so.
//
// The input is a line for each place of an answer (InspectScript), and so on for up to three nodes.
// A line is "$" and a text, ":" and a number, or "*" and an array's texts with tabs between them.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "ring/hash_ring.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/inspection.h"
#include "server/bookkeeping/ring_id.h"
#include "server/recovery/doubts.h"
#include "server/recovery/heartbeat_watch.h"
#include "server/recovery/judge.h"
#include "server/recovery/loss_watch.h"
#include "server/recovery/marker_watch.h"
#include "server/recovery/resync_plan.h"
#include "tests/fuzz/require.h"

namespace kache {
namespace {

using redis::Reply;

constexpr size_t kPlaces = 20;
constexpr size_t kNodes = 3;
constexpr uint64_t kSelf = 0xC0;
constexpr uint64_t kRing = 0xFF;

std::string_view NextPart(char separator, std::string_view* rest) {
  const std::string_view part = rest->substr(0, rest->find(separator));
  rest->remove_prefix(std::min(rest->size(), part.size() + 1));
  return part;
}

Reply ReplyOf(std::string_view line) {
  const char type = line.empty() ? '_' : line.front();
  if (!line.empty()) line.remove_prefix(1);
  int64_t number = 0;
  if (type == '$') return Reply::String(std::string(line));
  if (type == ':' && absl::SimpleAtoi(ToAbsl(line), &number)) return Reply::Integer(number);
  Reply reply;
  if (type != '*') return reply;
  reply.type = Reply::Type::kArray;
  while (!line.empty()) {
    reply.elements.push_back(Reply::String(std::string(NextPart('\t', &line))));
  }
  return reply;
}

Reply NextAnswer(std::string_view* rest) {
  Reply answer;
  answer.type = Reply::Type::kArray;
  while (answer.elements.size() < kPlaces && !rest->empty()) {
    answer.elements.push_back(ReplyOf(NextPart('\n', rest)));
  }
  return answer;
}

// From 1970 on, and so that sums and differences of instants and durations can be told.
bool IsInstant(int64_t ms) { return ms >= 0 && ms <= INT64_MAX / 4; }

void CheckMarker(const Marker& marker) {
  Require(!marker.run_id.empty() && !marker.name.empty());
  Require(IsInstant(marker.since_ms) && IsInstant(marker.away_ms));
  Require(!(marker.from_all && marker.came_empty));
  const char* sources = marker.from_all ? "all" : marker.came_empty ? "empty" : "arcs";
  const auto again =
      ParseMarker(Concat("kache1 ", marker.whole ? "whole" : "syncing", " ", RingText(marker.ring),
                         " ", marker.run_id, " ", marker.name, " ", FenceText(marker.fence), " ",
                         marker.since_ms, " ", marker.away_ms, " ", sources));
  Require(again && again->whole == marker.whole && again->ring == marker.ring);
  Require(again->run_id == marker.run_id && again->name == marker.name);
  Require(again->fence == marker.fence && again->since_ms == marker.since_ms);
  Require(again->away_ms == marker.away_ms && again->from_all == marker.from_all);
  Require(again->came_empty == marker.came_empty);
}

bool IsTold(const ReachedProcess& process) { return process.known_since != absl::InfiniteFuture(); }

// What is told of a life lies in the past, and is no more when it is told again.
void CheckLife(const ReachedProcess& process, const ReachedProcess& again, absl::Time as_of) {
  Require(again.run_id == ShortRunId(process.run_id));
  if (!IsTold(process)) Require(process.alive_at == absl::InfinitePast());
  if (IsTold(process)) Require(process.known_since <= as_of && process.alive_at <= as_of);
  if (IsTold(again)) Require(again.known_since >= process.known_since);
  Require(again.alive_at <= process.alive_at);
}

void CheckHeartbeat(const Heartbeat& heartbeat) {
  Require(heartbeat.interval >= absl::Milliseconds(1) && heartbeat.interval <= absl::Hours(24));
  Require(IsInstant(heartbeat.at_ms));
  Require(ParseCoordinator(CoordinatorText(heartbeat.coordinator)) == heartbeat.coordinator);
  if (heartbeat.reached.empty()) return;  // of the release before
  const HeartbeatNews news{heartbeat.interval,
                           heartbeat.drained,
                           heartbeat.ring,
                           heartbeat.reached,
                           std::max(heartbeat.as_of, absl::UnixEpoch()),
                           heartbeat.drained_note};
  const auto again = ParseHeartbeat(CoordinatorText(heartbeat.coordinator),
                                    Concat("1 ", heartbeat.at_ms, " ", HeartbeatText(news)));
  Require(again && again->coordinator == heartbeat.coordinator);
  Require(again->at_ms == heartbeat.at_ms && again->interval == heartbeat.interval);
  Require(again->drained == heartbeat.drained && again->ring == heartbeat.ring);
  Require(again->drained_note == heartbeat.drained_note);
  Require(again->as_of == news.as_of && again->reached.size() == heartbeat.reached.size());
  for (size_t i = 0; i < heartbeat.reached.size(); ++i) {
    CheckLife(heartbeat.reached[i], again->reached[i], news.as_of);
  }
}

void CheckMissed(const MissedOn& missed) {
  const auto about = ParseMissedField(MissedField(missed.about.node, missed.about.coordinator));
  const auto note = ParseMissedValue(MissedValue(missed.note));
  Require(about && about->node == missed.about.node);
  Require(about->coordinator == missed.about.coordinator);
  Require(note && note->number == missed.note.number && note->since_ms == missed.note.since_ms);
  Require(IsInstant(missed.note.since_ms));
}

void CheckCheckpoint(const std::string& text) {
  const auto checkpoint = ParseCheckpoint(text);
  if (!checkpoint) return;
  Require(ParseCheckpoint(CheckpointText(*checkpoint)) == checkpoint);
  Require(IsInstant(checkpoint->knew_before_ms));
}

void CheckLost(const Inspection& inspection, const LostCoordinator& lost) {
  const auto again =
      ParseLostCoordinator(CoordinatorText(lost.coordinator), LostCoordinatorText(lost));
  Require(again && again->coordinator == lost.coordinator && again->at_ms == lost.at_ms);
  Require(again->is_cut_off == lost.is_cut_off && IsInstant(lost.at_ms));
  Require(IsDeclaredLost(inspection, lost.coordinator));
}

void CheckInspection(const Inspection& inspection) {
  Require(inspection.has_marker == !inspection.marker_text.empty());
  Require(inspection.has_marker || !inspection.marker);
  if (inspection.marker) CheckMarker(*inspection.marker);
  for (const Heartbeat& heartbeat : inspection.heartbeats) CheckHeartbeat(heartbeat);
  for (const MissedOn& missed : inspection.missed) CheckMissed(missed);
  for (const LostCoordinator& lost : inspection.lost_coordinators) CheckLost(inspection, lost);
  for (const DeclaredLost& lost : inspection.lost) Require(IsInstant(lost.at_ms));
  for (const auto& [field, value] : inspection.progress) CheckCheckpoint(value);
  for (const char* field : {"done", "left", "per_second", "trusted"}) {
    Require(ProgressNumber(inspection, field) >= 0);
  }
  Require(IsInstant(inspection.now_ms) && IsInstant(inspection.swept_ms));
  Require(IsInstant(inspection.sweep_due_ms));
}

ResyncRules Rules(const HashRing& ring) {
  return {.share_arcs = ShareArcs(ring, 2),
          .homes = 2,
          .tombstone_ttl = absl::Hours(24),
          .max_clock_skew = absl::Seconds(5),
          .max_write_age = absl::Minutes(1)};
}

void CheckPlan(const Evidence& evidence, const ResyncRules& rules, NodeId node) {
  if (!NeedsResync(evidence, node)) return;
  CoordinatorWaitedFor(evidence, node);
  const ResyncPlan plan = PlanResync(evidence, rules, node, {});
  Require(plan.words.size() == evidence.nodes.size());
  for (size_t i = 0; i < plan.words.size(); ++i) {
    const auto& inspection = evidence.nodes[i].inspection;
    Require(plan.words[i].knew_before_ms >= 0);
    Require(plan.words[i].knew_before_ms <= (inspection ? inspection->now_ms : 0));
  }
  for (const ResyncSource& source : plan.sources) Require(!(source.node == node));
  Require(!HasFurtherWork(evidence, rules, plan, {}));
  const auto& inspection = evidence.nodes[node.index()].inspection;
  if (MayGoByHints(evidence, plan)) Require(inspection->marker->kept_memory && plan.complete);
}

void Decide(const Evidence& evidence) {
  static const auto& ring = *new std::shared_ptr<const HashRing>(
      std::make_shared<HashRing>(std::vector<std::string>{"cache-a", "cache-b", "cache-c"}, 8));
  static const ResyncRules& rules = *new ResyncRules(Rules(*ring));
  const std::vector<Assessment> assessments = Judge(evidence);
  Require(assessments.size() == evidence.nodes.size());
  LossWatch losses(ring, 2);
  losses.OnEvidence(evidence);
  for (size_t i = 0; i < evidence.nodes.size(); ++i) {
    const NodeEvidence& node = evidence.nodes[i];
    if (assessments[i].verdict == Standing::Verdict::kWhole) Require(IsWhole(evidence, node));
    const bool lacks_nothing = assessments[i].doubt == Doubt::kNone;
    if (lacks_nothing) Require(assessments[i].verdict == Standing::Verdict::kWhole);
    if (assessments[i].fence) Require(assessments[i].fence->since_ms >= 0);
    DoubtedSince(evidence, node, absl::Seconds(1));
    CheckPlan(evidence, rules, NodeId(static_cast<uint16_t>(i)));
  }
}

// What is kept of one node over its inspections.
struct Watches {
  HeartbeatWatch heartbeats;
  MarkerWatch markers;
  Doubts doubts;
};

void Check(std::string_view input) {
  Evidence evidence{.self = kSelf, .fingerprint = kRing, .ring = kRing, .nodes = {}};
  Watches watches;  // as if all were of one node
  for (size_t i = 0; i < kNodes; ++i) {
    const Reply answer = NextAnswer(&input);
    std::optional<Inspection> inspection = ParseInspection(answer);
    Require(inspection.has_value() == (answer.elements.size() == kPlaces));
    NodeEvidence node{.name = std::string("cache-") + static_cast<char>('a' + i),
                      .attempted = true,
                      .inspection = nullptr,
                      .is_current = true,
                      .is_ready = true};
    if (inspection) {
      CheckInspection(*inspection);
      const MonotonicTime now(std::chrono::seconds(1000 + i));
      watches.heartbeats.OnInspection(*inspection, now);
      watches.markers.OnInspection(*inspection);
      watches.doubts.OnInspection(*inspection, kRing);
      node.fence_lost = watches.doubts.has_lost_fence();
      node.inspection = std::make_shared<const Inspection>(*std::move(inspection));
    }
    evidence.nodes.push_back(std::move(node));
  }
  Decide(evidence);
}

}  // namespace
}  // namespace kache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kache::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
