// What the tests of hints over time share: played nodes, and what is looked for on them.
#ifndef KACHE_TESTS_UNIT_SERVER_RECOVERY_HINTS_FIXTURE_H_
#define KACHE_TESTS_UNIT_SERVER_RECOVERY_HINTS_FIXTURE_H_

#include <cstddef>
#include <string>

#include "base/strings.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "tests/testing/played_cluster.h"

namespace kache {

using testing::PlayedCluster;
using testing::PlayedNode;

inline constexpr absl::Duration kMoment = absl::Seconds(2);

inline std::string FencesMetric(const char* node) {
  return std::string("kache_recovery_fences_total{node=\"") + node + "\"}";
}

inline double OverflowsOf(PlayedCluster& cluster, const char* node) {
  const std::string name = Concat("kache_recovery_hint_overflows_total{node=\"", node, "\"}");
  return cluster.coordinator(0).Metric(name) + cluster.coordinator(1).Metric(name);
}

inline double FencesOf(PlayedCluster& cluster, const char* node) {
  return cluster.coordinator(0).Metric(FencesMetric(node)) +
         cluster.coordinator(1).Metric(FencesMetric(node));
}

inline size_t ScansOf(PlayedCluster& cluster) {
  size_t scans = 0;
  for (size_t i = 0; i < cluster.nodes(); ++i) scans += cluster.node(i).scans();
  return scans;
}

inline void LeaveHint(PlayedNode& holder, const char* about, const char* key) {
  holder.hints().Leave(holder.keys().Hints(about), key, 1000);
}

// A replay of these hints breaks off.
inline void BreakOffReplay(PlayedNode& holder, const char* about) {
  const KeySpace& keys = holder.keys();
  holder.Run(redis::Command::Call(
      TakeHints(), {keys.Hints(about), keys.Missed(), keys.HintsTaken(about)}, {about, "gone"}));
}

// Of three nodes each is home to every key.
inline std::string ValueOn(PlayedCluster& cluster, size_t node, const char* key) {
  const auto held = cluster.node(node).Record(key);
  return held ? std::string(DecodeRecord(held->bytes).record.value) : "";
}

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_SERVER_RECOVERY_HINTS_FIXTURE_H_
