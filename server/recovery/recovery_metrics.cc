#include "server/recovery/recovery_metrics.h"

#include <algorithm>

namespace kache {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Registry;

Counter& NewCounter(Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

std::vector<Counter*> NewCounters(Registry& registry, const std::string& name,
                                  const std::string& help, const std::vector<std::string>& nodes,
                                  const prometheus::Labels& labels = {}) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  std::vector<Counter*> counters;
  for (const std::string& node : nodes) {
    prometheus::Labels all = labels;
    all.emplace("node", node);
    counters.push_back(&family.Add(all));
  }
  return counters;
}

constexpr char kResyncs[] = "kache_recovery_resyncs_total";
constexpr char kResyncsHelp[] = "Resyncs of the node by this server, by how they ended.";

std::vector<Gauge*> NewGauges(Registry& registry, const std::string& name, const std::string& help,
                              const std::vector<std::string>& nodes) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  std::vector<Gauge*> gauges;
  for (const std::string& node : nodes) gauges.push_back(&family.Add({{"node", node}}));
  return gauges;
}

}  // namespace

RecoveryMetrics::RecoveryMetrics(Registry& registry, const std::vector<std::string>& names)
    : looks_failed(NewCounter(registry, "kache_recovery_looks_failed_total",
                              "Checks of a node's marker that were not answered.")),
      fences(NewCounters(registry, "kache_recovery_fences_total",
                         "Times that this server fenced the node: it may lack writes.", names)),
      markers_restored(NewCounters(
          registry, "kache_recovery_markers_restored_total",
          "Times that this server wrote the node's marker again, which Redis had evicted.", names)),
      resyncs_done(NewCounters(registry, kResyncs, kResyncsHelp, names, {{"result", "done"}})),
      resyncs_failed(NewCounters(registry, kResyncs, kResyncsHelp, names, {{"result", "failed"}})),
      resync_left(NewGauges(registry, "kache_recovery_resync_keys_left",
                            "Records that a resync of the node has yet to go through, about.",
                            names)),
      hints_replayed(NewCounters(
          registry, "kache_recovery_hints_replayed_total",
          "Hints about the node that this server replayed: names of keys that it missed.", names)),
      hint_overflows(NewCounters(registry, "kache_recovery_hint_overflows_total",
                                 "Replays that found hints about the node missing: it was compared "
                                 "with all others.",
                                 names)),
      hints_held(NewGauges(registry, "kache_recovery_hints_held",
                           "Keys that the node missed, about: the most that another node names.",
                           names)),
      hints_denied(NewGauges(registry, "kache_recovery_hints_denied",
                             "1 where Redis's user may not run on the node all commands that hints "
                             "need: each absence ends with a comparison of all keys.",
                             names)),
      doubts(NewGauges(registry, "kache_recovery_doubt",
                       "Whether the node may be trusted: 0 = it lacks nothing, 1 = behind, as it "
                       "kept its memory and lacks writes, 2 = amnesic.",
                       names)),
      resync_seen(NewCounter(registry, "kache_recovery_resync_keys_seen_total",
                             "Records that resyncs went through.")),
      resync_copied(NewCounter(registry, "kache_recovery_resync_keys_copied_total",
                               "Records that resyncs stored on nodes that lacked them.")),
      resync_removed(NewCounter(registry, "kache_recovery_resync_keys_removed_total",
                                "Records that resyncs removed, deleted while the node was away.")),
      resync_slowed(
          NewCounter(registry, "kache_recovery_resync_slowdowns_total",
                     "Times that a resync went slower, as operations took longer than in quiet.")),
      left_out(NewCounters(registry, "kache_recovery_keys_left_out_total",
                           "Records that the node was not brought, as the limits of the node or of "
                           "the source do not allow it.",
                           names)),
      sweeps(NewCounter(registry, "kache_recovery_sweeps_total", "Sweeps of a node, finished.")),
      sweeps_failed(
          NewCounter(registry, "kache_recovery_sweeps_failed_total", "Sweeps that broke off.")),
      sweep_repaired(NewCounter(registry, "kache_recovery_sweep_keys_repaired_total",
                                "Copies that sweeps brought up to date.")),
      sweep_removed(NewCounter(registry, "kache_recovery_sweep_keys_removed_total",
                               "Records that a node held for others, removed by sweeps.")),
      coordinators_vanished(
          NewCounter(registry, "kache_recovery_coordinators_vanished_total",
                     "Servers that were gone without a goodbye, as this one noticed.")),
      forsaken(NewCounter(registry, "kache_recovery_nodes_forsaken_total",
                          "Nodes that an operator gave up through this server: data at risk.")),
      data_losses(NewCounter(registry, "kache_recovery_data_losses_total",
                             "Times that every home replica of some keys had lost its memory.")),
      ring_mismatch(
          prometheus::BuildGauge()
              .Name("kache_recovery_ring_mismatch")
              .Help("1 while this server does not serve, as the nodes carry another ring.")
              .Register(registry)
              .Add({})),
      in_minority(prometheus::BuildGauge()
                      .Name("kache_recovery_in_minority")
                      .Help("1 while this server does not serve, as it reaches less than half of "
                            "the nodes that others reach.")
                      .Register(registry)
                      .Add({})),
      oldest_sweep(prometheus::BuildGauge()
                       .Name("kache_recovery_oldest_sweep_age_seconds")
                       .Help("How long ago the node was swept that was swept longest ago.")
                       .Register(registry)
                       .Add({})) {}

void RecoveryMetrics::ShowSweeps(absl::Time now,
                                 const std::vector<HealthMonitor::Recovery>& recoveries) {
  absl::Duration oldest;
  for (const HealthMonitor::Recovery& recovery : recoveries) {
    if (recovery.swept_unix_ms == 0) continue;
    oldest = std::max(oldest, now - absl::FromUnixMillis(recovery.swept_unix_ms));
  }
  oldest_sweep.Set(absl::ToDoubleSeconds(oldest));
}

}  // namespace kache
