// Evidence that a test makes up: nodes a, b, c, ..., each with an inspection that it may change.
//
//   EvidenceOf evidence(4);
//   evidence.MarkAll();                      // whole, all of them
//   evidence.At(1).marker->whole = false;    // fenced
//   Judge(evidence.value);
#ifndef KACHE_TESTS_TESTING_EVIDENCE_OF_H_
#define KACHE_TESTS_TESTING_EVIDENCE_OF_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/recovery/evidence.h"

namespace kache::testing {

struct EvidenceOf {
  static constexpr uint64_t kSelf = 1;
  static constexpr uint64_t kOther = 2;
  static constexpr uint64_t kRing = 0xABC;
  static constexpr FenceNumber kFence{50};
  static constexpr int64_t kWholeSinceMs = 1000;
  static constexpr int64_t kNowMs = 10'000;

  explicit EvidenceOf(size_t nodes) : inspections(nodes) {
    value.self = kSelf;
    value.fingerprint = value.ring = kRing;
    value.now_ms = kNowMs;
    value.longest_doubt = absl::Minutes(30);
    for (size_t i = 0; i < nodes; ++i) {
      NodeEvidence node;
      node.name = std::string(1, static_cast<char>('a' + i));
      node.attempted = node.is_current = node.is_ready = node.takes_writes = true;
      value.nodes.push_back(node);
      Reach(i, node.name + "-run");
    }
  }
  EvidenceOf(const EvidenceOf&) = delete;
  EvidenceOf& operator=(const EvidenceOf&) = delete;

  // A process without anything.
  void Reach(size_t node, const std::string& run_id) {
    inspections[node] = std::make_shared<Inspection>();
    inspections[node]->run_id = run_id;
    value.nodes[node].inspection = inspections[node];
  }
  void Lose(size_t node) { value.nodes[node].inspection.reset(); }
  Inspection& At(size_t node) { return *inspections[node]; }
  NodeEvidence& Of(size_t node) { return value.nodes[node]; }
  Marker& MarkerOf(size_t node) { return *At(node).marker; }

  // The marker of a whole node.
  void Mark(size_t node, uint64_t ring = kRing) {
    At(node).has_marker = true;
    At(node).marker = Marker{.whole = true,
                             .ring = ring,
                             .run_id = At(node).run_id,
                             .name = Of(node).name,
                             .fence = kFence,
                             .since_ms = kWholeSinceMs,
                             .away_ms = 0,
                             .from_all = false,
                             .came_empty = false};
  }
  void MarkAll() {
    for (size_t i = 0; i < inspections.size(); ++i) Mark(i);
  }
  void Beat(size_t on, uint64_t coordinator, bool lives, FenceNumber drained = {},
            uint64_t drained_note = 0) {
    At(on).heartbeats.push_back({.coordinator = coordinator,
                                 .at_ms = 0,
                                 .interval = absl::Seconds(3),
                                 .drained = drained,
                                 .ring = kRing,
                                 .reached = {},
                                 .drained_note = drained_note,
                                 .lives = lives});
  }
  // Its newest heartbeat there tells what it reaches.
  void Reaches(size_t on, std::vector<ReachedProcess> reached, absl::Time as_of) {
    At(on).heartbeats.back().reached = std::move(reached);
    At(on).heartbeats.back().as_of = as_of;
  }
  void Note(size_t on, const std::string& about, uint64_t coordinator, int64_t since_ms = 900,
            uint64_t number = 1) {
    At(on).missed.push_back({{about, coordinator}, {number, since_ms}});
  }

  Evidence value;
  std::vector<std::shared_ptr<Inspection>> inspections;  // by node, also of those that were lost
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_EVIDENCE_OF_H_
