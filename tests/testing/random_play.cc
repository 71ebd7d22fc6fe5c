#include "tests/testing/random_play.h"

#include <optional>

#include "server/bookkeeping/coordinator_id.h"

namespace kache::testing {

RandomPlay::RandomPlay(uint64_t seed, const RandomPlayRules& rules)
    : rules_(rules), random_(seed), cluster_(rules.nodes, rules.coordinators, Config(rules)) {
  cluster_.SetPageKeys(kPageKeys);
  Pass(absl::Seconds(5));
  Log("begins with all nodes UP: ") << cluster_.AllUp();
}

void RandomPlay::Run(int steps) {
  for (int i = 0; i < steps && !failed_; ++i) {
    for (size_t n = Below(4); n > 0; --n) Write();
    if (rules_.one_fault_at_a_time) {
      OneFault();
    } else {
      AnyFault();
      Pass(absl::Milliseconds(50 + Below(3000)));
    }
  }
}

void RandomPlay::Heal() {
  Log("all faults end");
  for (size_t i = 0; i < rules_.coordinators; ++i) {
    if (cluster_.is_gone(i)) cluster_.Replace(i);
    cluster_.Freeze(i, false);
    for (size_t node = 0; node < rules_.nodes; ++node) cluster_.Mend(i, node);
  }
  for (size_t node = 0; node < rules_.nodes; ++node) {
    cluster_.node(node).SetClock(absl::ZeroDuration());
    cluster_.GoOn(node);
    cluster_.Return(node);
  }
  for (int i = 0; i < 360 && !failed_ && !cluster_.AllUp(); ++i) Pass(absl::Milliseconds(500));
  if (!cluster_.AllUp()) Fail("not all nodes are UP in the end");
  if (rules_.at_quorum && !failed_ && !quorum_.ReadAll()) Fail(quorum_.failure());
}

void RandomPlay::CheckTheEnd() {
  Pass(2 * cluster_.config().sweep_interval + absl::Seconds(30));
  for (size_t key = 0; key < kKeys && !failed_; ++key) CheckKeyAtTheEnd(KeyOf(key));
  for (size_t node = 0; node < rules_.nodes && !failed_; ++node) CheckBookkeeping(node);
}

RecoveryConfig RandomPlay::Config(const RandomPlayRules& rules) {
  RecoveryConfig config;
  config.replication_factor = rules.copies;
  config.tombstone_ttl = rules.tombstone_ttl;
  config.max_write_age = std::min(absl::Minutes(10), rules.tombstone_ttl / 4);
  config.sweep_interval = absl::Minutes(2);
  config.resync_keys_per_second = 20;  // so that faults come in the midst of a comparison
  return config;
}

void RandomPlay::Fail(const std::string& what) {
  failed_ = true;
  Log("FAILED: ") << what;
}

void RandomPlay::Describe(const std::string& key) {
  Log("acknowledged of ") << key << ": " << Describe(acknowledged_[key].version)
                          << (acknowledged_[key].tombstone ? ", a delete" : "");
  for (size_t node = 0; node < rules_.nodes; ++node) {
    PlayedNode& it = cluster_.node(node);
    const auto held = it.Record(key);
    story_ << "\n  node " << node << (cluster_.is_dead(node) ? " (dead)" : "")
           << (it.stalled() ? " (stands still)" : "") << " holds "
           << (held ? Describe(DecodeRecord(held->bytes).record.version) : "nothing") << "; "
           << it.Get(it.keys().Marker()) << " run_id " << it.run_id();
    for (const auto& [field, value] : it.hash(it.keys().Missed())) {
      story_ << "; missed: " << field << " " << value;
    }
  }
  for (size_t i = 0; i < rules_.coordinators; ++i) {
    story_ << "\n  coordinator " << i << (cluster_.is_frozen(i) ? " (stands still)" : "") << " "
           << CoordinatorText(cluster_.coordinator(i).id()) << " sees";
    for (size_t node = 0; node < rules_.nodes; ++node) {
      const NodeStatus status = cluster_.coordinator(i).Status(node);
      story_ << " " << NodeStateName(status.state) << ":" << status.reason;
    }
  }
}

std::string RandomPlay::Describe(const Version& version) {
  return std::to_string(MillisOf(version.timestamp)) + "+" +
         std::to_string(version.timestamp & 0xFFFF) + " by " +
         CoordinatorText(version.clock >> 16 << 16);
}

void RandomPlay::Pass(absl::Duration duration) {
  for (absl::Duration passed; passed < duration && !failed_; passed += kSlice) {
    cluster_.Pass(kSlice, kTick);
    now_ += kSlice;
    CheckFences();
    if (!rules_.at_quorum) CheckReads();
    if (rules_.at_quorum && !quorum_.Go()) Fail(quorum_.failure());
  }
}

void RandomPlay::Write() {
  const size_t coordinator = Below(rules_.coordinators);
  if (cluster_.is_gone(coordinator) || cluster_.is_frozen(coordinator)) return;
  const std::string key = KeyOf(Below(kKeys));
  const bool tombstone = OneIn(3);
  std::optional<std::string> value;
  if (!tombstone) value = "value-" + std::to_string(++values_);
  last_stamp_ = std::max(last_stamp_ + 1,
                         static_cast<uint64_t>(absl::ToUnixMillis(cluster_.clock().Now())) << 16);
  if (tombstone) begun_deletes_[key] = last_stamp_;
  cluster_.coordinator(coordinator)
      .Write({key, value, last_stamp_, [this, key, tombstone](const Version& version) {
                Acknowledged& it = acknowledged_[key];
                if (version > it.version) it = {version, tombstone};
              }});
}

Version RandomPlay::NewestOf(const std::string& key) {
  Version newest;
  for (size_t node = 0; node < rules_.nodes; ++node) {
    const auto held = cluster_.node(node).Record(key);
    if (held) newest = std::max(newest, DecodeRecord(held->bytes).record.version);
  }
  return newest;
}

void RandomPlay::AfterLoss() {
  quorum_.AfterLoss();
  for (auto& [key, acknowledged] : acknowledged_) {
    const Version newest = NewestOf(key);
    if (newest >= acknowledged.version || (acknowledged.tombstone && HasDied(acknowledged))) {
      continue;
    }
    if (!MayBeDeleted(key, acknowledged)) {
      has_lost_ = true;
      Log("lost: ") << key;
    }
    acknowledged = {newest, false};
  }
}

bool RandomPlay::MayBeDeleted(const std::string& key, const Acknowledged& acknowledged) {
  return begun_deletes_[key] > acknowledged.version.timestamp;
}

bool RandomPlay::HasDied(const Acknowledged& tombstone) {
  // It ends so long after its stamp; the nodes' clocks differ.
  const int64_t age_ms =
      absl::ToUnixMillis(cluster_.clock().Now()) - MillisOf(tombstone.version.timestamp);
  return absl::Milliseconds(age_ms) > rules_.tombstone_ttl - absl::Seconds(6);
}

void RandomPlay::Forget(size_t node) {
  cluster_.node(node).LoseMemory();
  AfterLoss();
}

void RandomPlay::Kill(size_t node) {
  Log("node dies: ") << node;
  cluster_.Kill(node);
}

void RandomPlay::Return(size_t node, uint64_t how) {
  if (how == 0) {
    Log("node comes back empty: ") << node;
    Forget(node);
  } else if (how == 1) {
    Log("node comes back with what was saved: ") << node;
    cluster_.node(node).RestoreSaved();
    AfterLoss();
  } else {
    Log("node comes back: ") << node;
  }
  cluster_.Return(node);
}

void RandomPlay::Crash(size_t coordinator) {
  Log("coordinator is replaced: ") << coordinator;
  cluster_.Replace(coordinator);
  SetLag(coordinator);
}

void RandomPlay::Goodbye(size_t coordinator) {
  PlayedCoordinator& it = cluster_.coordinator(coordinator);
  if (cluster_.is_frozen(coordinator) || it.running_writes() > 0) return;
  Log("coordinator says goodbye: ") << coordinator;
  it.SayGoodbye();
  Crash(coordinator);
}

void RandomPlay::SetClock(size_t node) {
  const absl::Duration ahead = absl::Seconds(2) - absl::Milliseconds(Below(4000));
  Log("node's clock: ") << node << " " << ahead;
  cluster_.node(node).SetClock(ahead);
}

void RandomPlay::AnyFault() {
  const size_t node = Below(rules_.nodes);
  const size_t coordinator = Below(rules_.coordinators);
  switch (Below(12)) {
    case 0:
    case 1:
      return cluster_.is_dead(node) ? Return(node, Below(6)) : Kill(node);
    case 2:
      if (!cluster_.is_dead(node)) return;
      return Return(node, Below(6));
    case 3:
      if (cluster_.is_dead(node)) return;
      cluster_.node(node).stalled() ? cluster_.GoOn(node) : cluster_.Stall(node);
      Log("node stands still, goes on: ") << node;
      return;
    case 4:
      Log("cut: ") << coordinator << " from " << node;
      return cluster_.Cut(coordinator, node);
    case 5:
    case 6:
      Log("mended: ") << coordinator << " and " << node;
      return cluster_.Mend(coordinator, node);
    case 7:
      Log("coordinator stands still, goes on: ") << coordinator;
      return cluster_.Freeze(coordinator, !cluster_.is_frozen(coordinator));
    case 8:
      return OneIn(2) ? Crash(coordinator) : Goodbye(coordinator);
    case 9:
      return SetClock(node);
    case 10:
      return SetLag(coordinator);
    default:
      Log("node is saved: ") << node;
      return cluster_.node(node).Save();
  }
}

void RandomPlay::OneFault() {
  const size_t node = Below(rules_.nodes);
  const size_t coordinator = Below(rules_.coordinators);
  const uint64_t fault = Below(7);
  if (OneIn(3)) cluster_.node(node).Save();
  switch (fault) {
    case 0:
    case 1:
      Kill(node);
      break;
    case 2:
      Log("node stands still: ") << node;
      cluster_.Stall(node);
      break;
    case 3:
      Log("cut: ") << coordinator << " from " << node;
      cluster_.Cut(coordinator, node);
      break;
    case 4:
      Log("coordinator stands still: ") << coordinator;
      cluster_.Freeze(coordinator, true);
      break;
    case 5:
      SetClock(node);
      break;
    default:
      OneIn(2) ? Crash(coordinator) : Goodbye(coordinator);
  }
  const absl::Duration end = now_ + FaultTime();
  while (now_ < end && !failed_) {
    Pass(absl::Milliseconds(200 + Below(2000)));
    if (OneIn(2)) Write();
  }
  if (fault <= 1) Return(node, fault == 0 ? 2 : Below(2));
  if (fault == 2) cluster_.GoOn(node);
  if (fault == 3) cluster_.Mend(coordinator, node);
  if (fault == 4) cluster_.Freeze(coordinator, false);
  Log("the fault ends");
  Pass(absl::Seconds(1));
  for (int i = 0; i < 120 && !failed_ && !IsCalm(); ++i) Pass(absl::Seconds(1));
  if (!failed_ && !IsCalm()) Fail("the cluster does not get over it");
  // Beyond what clocks may differ: since when each is to be trusted.
  Pass(2 * cluster_.config().max_clock_skew);
}

bool RandomPlay::IsCalm() {
  if (!cluster_.AllUp()) return false;
  for (size_t node = 0; node < rules_.nodes; ++node) {
    if (!cluster_.node(node).hash(cluster_.node(node).keys().Missed()).empty()) return false;
  }
  return true;
}

void RandomPlay::CheckFences() {
  fences_.resize(rules_.nodes);
  for (size_t node = 0; node < rules_.nodes; ++node) {
    const std::optional<Marker> marker = cluster_.node(node).marker();
    SeenFence& seen = fences_[node];
    const std::string& run_id = cluster_.node(node).run_id();
    if (seen.run_id != run_id) seen = {run_id, FenceNumber{}};
    if (!marker) continue;
    if (marker->run_id == run_id && marker->fence < seen.number) {
      Fail("a fence went back on node " + std::to_string(node));
    }
    if (marker->run_id == run_id) seen.number = marker->fence;
  }
}

bool RandomPlay::Lacks(size_t node, const std::string& key, const Acknowledged& acknowledged) {
  const auto held = cluster_.node(node).Record(key);
  if (!held) {
    return !acknowledged.tombstone && !acknowledged.version.IsZero() &&
           !MayBeDeleted(key, acknowledged);
  }
  const Record record = DecodeRecord(held->bytes).record;
  if (acknowledged.tombstone && record.tombstone) return false;
  return record.version < acknowledged.version;
}

bool RandomPlay::CanKnow(size_t coordinator, size_t home, const std::string& key,
                         const Acknowledged& acknowledged) {
  if (rules_.one_fault_at_a_time) return true;
  for (size_t node = 0; node < rules_.nodes; ++node) {
    if (node == home || cluster_.node(node).stalled()) continue;
    if (!cluster_.coordinator(coordinator).is_connected(node)) continue;
    // One that holds nothing did not take a delete either.
    if (cluster_.node(node).Record(key) && !Lacks(node, key, acknowledged)) return true;
  }
  return false;
}

void RandomPlay::CheckReads() {
  std::map<std::tuple<size_t, uint64_t, std::string>, absl::Duration> lacking;
  for (const auto& [key, acknowledged] : acknowledged_) {
    const PreferenceList homes = HomesOf(key);
    for (size_t i = 0; i < rules_.coordinators; ++i) {
      if (cluster_.is_gone(i) || cluster_.is_frozen(i)) continue;
      for (const NodeId home : homes) {
        if (cluster_.coordinator(i).Status(home.index()).state != NodeState::kUp) continue;
        if (cluster_.node(home.index()).stalled()) continue;
        if (!Lacks(home.index(), key, acknowledged)) continue;
        if (!CanKnow(i, home.index(), key, acknowledged)) continue;
        const std::tuple what{home.index(), cluster_.coordinator(i).id(), key};
        const auto before = lacking_.find(what);
        lacking[what] = before == lacking_.end() ? now_ : before->second;
        if (now_ - lacking[what] <= Patience()) continue;
        Fail("coordinator " + std::to_string(i) + " reads " + key + " on node " +
             std::to_string(home.index()) + ", which lacks it");
        Describe(key);
        return;
      }
    }
  }
  lacking_ = std::move(lacking);
}

PreferenceList RandomPlay::HomesOf(const std::string& key) {
  for (size_t i = 0; i < rules_.coordinators; ++i) {
    if (!cluster_.is_gone(i)) return cluster_.coordinator(i).HomesOf(key);
  }
  return {};
}

void RandomPlay::CheckKeyAtTheEnd(const std::string& key) {
  const PreferenceList homes = HomesOf(key);
  const auto first = cluster_.node(homes[0].index()).Record(key);
  for (size_t node = 0; node < rules_.nodes; ++node) {
    const auto held = cluster_.node(node).Record(key);
    const bool home =
        std::find(homes.begin(), homes.end(), NodeId(static_cast<uint16_t>(node))) != homes.end();
    const std::string where = key + " on node " + std::to_string(node);
    if (home && Lacks(node, key, acknowledged_[key])) Fail("lacked in the end: " + where);
    const bool agrees = (held ? held->bytes : "") == (first ? first->bytes : "");
    if (home && !agrees) Fail("home replicas do not agree: " + where);
    if (!home && held) Fail("held for others in the end: " + where);
  }
}

void RandomPlay::CheckBookkeeping(size_t node) {
  PlayedNode& it = cluster_.node(node);
  const KeySpace& keys = it.keys();
  const std::string on = " on node " + std::to_string(node);
  if (!it.hash(keys.Missed()).empty()) Fail("notes are left over" + on);
  if (!it.hash(keys.Lost()).empty()) Fail("a node seems lost" + on);
  for (const auto& [field, value] : it.hash(keys.ResyncProgress())) {
    // How far one was may be told late.
    const bool is_late = field == "done" || field == "left" || field == "per_second";
    if (!is_late) Fail("of a resync is left over: " + field + on);
  }
  if (!it.Get(keys.ResyncLease()).empty()) Fail("a lease of a resync is left over" + on);
  for (const char* field : {"due", "begun_for"}) {
    if (it.hash(keys.Sweep()).contains(field)) Fail("a demand for a sweep is left over" + on);
  }
  if (!it.marker() || !it.marker()->whole) Fail("not whole" + on);
  for (const std::string& hash : {keys.Heartbeats(), keys.Coordinators()}) {
    if (it.hash(hash).size() != rules_.coordinators) Fail("heartbeats of the dead" + on);
  }
}

}  // namespace kache::testing
