#include "tests/testing/quorum_play.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace kache::testing {
namespace {

// The nodes' clocks differ, and those of coordinators follow them.
constexpr absl::Duration kClocksDiffer = absl::Seconds(6);

}  // namespace

bool QuorumPlay::Go() {
  WatchWitnesses();
  for (size_t i = 0; i < cluster_.coordinators(); ++i) {
    if (cluster_.is_gone(i) || cluster_.is_frozen(i)) continue;
    if (Below(4) == 0) Write(i);
    Read(i, Concat("quorum-", Below(kKeys)));
  }
  return failure_.empty();
}

bool QuorumPlay::ReadAll() {
  for (size_t i = 0; i < cluster_.coordinators(); ++i) {
    if (cluster_.is_gone(i) || cluster_.is_frozen(i)) continue;
    for (size_t key = 0; key < kKeys; ++key) Read(i, Concat("quorum-", key));
  }
  cluster_.Pass(absl::Seconds(2));
  return failure_.empty();
}

void QuorumPlay::Write(size_t coordinator) {
  const std::string key = Concat("quorum-", Below(kKeys));
  const absl::Time now = cluster_.clock().Now();
  last_stamp_ = std::max(last_stamp_ + 1, static_cast<uint64_t>(absl::ToUnixMillis(now)) << 16);
  Floor floor;
  PlayedWrite write{.key = key, .value = std::nullopt, .stamp = last_stamp_};
  write.consistency = Consistency::kQuorum;
  const uint64_t kind = Below(4);
  floor.is_delete = kind == 0;
  if (kind > 0) write.value = Concat("value-", ++values_);
  if (kind == 1) {
    write.ttl = absl::Milliseconds(200 + Below(2000));
    floor.ends = now + write.ttl;
  }
  if (kind <= 1) ends_begun_[key] = last_stamp_;
  write.answered = [this, key, floor](const absl::StatusOr<Receipt>& receipt) mutable {
    if (!receipt.ok()) return;
    floor.version = receipt->version;
    floor.witnesses = Witnesses(key);
    Floor& before = floors_[key];
    if (floor.version > before.version) before = floor;
  };
  cluster_.coordinator(coordinator).Write(std::move(write));
}

void QuorumPlay::Read(size_t coordinator, const std::string& key) {
  cluster_.coordinator(coordinator)
      .Read(key, [this, coordinator, key,
                  floor = floors_[key]](const absl::StatusOr<ReadResult>& result) {
        Check(coordinator, key, floor, result);
      });
}

void QuorumPlay::Check(size_t coordinator, const std::string& key, const Floor& floor,
                       const absl::StatusOr<ReadResult>& result) {
  if (!result.ok()) {
    ++refused_;
    return;
  }
  ++answered_;
  if (result->receipt.version >= floor.version || lost_[key] >= floor.version) return;
  if (!result->found && MayBeGone(key, floor)) return;
  if (MayBeForgotten(floor)) return;
  if (!failure_.empty()) return;
  failure_ = Concat("coordinator ", coordinator, " reads ", key,
                    " at QUORUM: ", result->found ? result->value : "nothing", " of ",
                    result->receipt.version.timestamp, ", acknowledged is ",
                    floor.version.timestamp, floor.is_delete ? ", a delete" : "", Describe(key));
}

bool QuorumPlay::MayBeGone(const std::string& key, const Floor& floor) {
  return floor.is_delete || floor.ends < cluster_.clock().Now() + kClocksDiffer ||
         ends_begun_[key] > floor.version.timestamp;
}

bool QuorumPlay::MayBeForgotten(const Floor& floor) {
  const RecoveryConfig& config = cluster_.config();
  const absl::Time now = cluster_.clock().Now();
  const absl::Time stamped = absl::FromUnixMillis(MillisOf(floor.version.timestamp));
  // A value that a home replica missed is kept for half a tombstone's life and max_write_age.
  const absl::Time kept_until = floor.is_delete
                                    ? stamped + config.tombstone_ttl
                                    : floor.ends + config.tombstone_ttl / 2 + config.max_write_age;
  if (now < kept_until - kClocksDiffer) return false;
  return std::none_of(floor.witnesses.begin(), floor.witnesses.end(), [&](const Witness& witness) {
    return cluster_.node(witness.node).run_id() == witness.run_id;
  });
}

std::vector<QuorumPlay::Witness> QuorumPlay::Witnesses(const std::string& key) {
  std::vector<Witness> witnesses;
  for (size_t i = 0; i < cluster_.coordinators(); ++i) {
    if (cluster_.is_gone(i) || cluster_.is_frozen(i)) continue;
    const PlayedCoordinator& coordinator = cluster_.coordinator(i);
    for (const NodeId home : coordinator.HomesOf(key)) {
      if (coordinator.Status(home.index()).state != NodeState::kUp) continue;
      const Witness witness{home.index(), cluster_.node(home.index()).run_id()};
      if (std::find(witnesses.begin(), witnesses.end(), witness) == witnesses.end()) {
        witnesses.push_back(witness);
      }
    }
  }
  return witnesses;
}

void QuorumPlay::WatchWitnesses() {
  const absl::Time now = cluster_.clock().Now();
  const RecoveryConfig& config = cluster_.config();
  // What a node lacks proves nothing of records that are younger than this when its doubt begins.
  const absl::Duration young = config.max_write_age + config.max_clock_skew + kClocksDiffer;
  for (auto& [key, floor] : floors_) {
    const absl::Time stamped = absl::FromUnixMillis(MillisOf(floor.version.timestamp));
    if (floor.witnesses.empty() || now > stamped + young) continue;
    const std::vector<Witness> up = Witnesses(key);
    std::erase_if(floor.witnesses, [&](const Witness& witness) {
      return std::find(up.begin(), up.end(), witness) == up.end();
    });
  }
}

Version QuorumPlay::NewestOf(const std::string& key) {
  Version newest;
  for (size_t node = 0; node < cluster_.nodes(); ++node) {
    const auto held = cluster_.node(node).Record(key);
    if (held) newest = std::max(newest, DecodeRecord(held->bytes).record.version);
  }
  return newest;
}

void QuorumPlay::AfterLoss() {
  for (auto& [key, floor] : floors_) {
    if (NewestOf(key) >= floor.version) continue;
    lost_[key] = floor.version;
    floor = {};
  }
}

std::string QuorumPlay::Describe(const std::string& key) {
  std::string text;
  for (size_t node = 0; node < cluster_.nodes(); ++node) {
    PlayedNode& it = cluster_.node(node);
    const auto held = it.Record(key);
    text += Concat("\n  node ", node, cluster_.is_dead(node) ? " (dead)" : "", " holds ",
                   held ? DecodeRecord(held->bytes).record.version.timestamp : 0, "; ",
                   it.Get(it.keys().Marker()), " run_id ", it.run_id());
    for (const auto& [field, value] : it.hash(it.keys().Missed())) {
      text += Concat("; missed: ", field, " ", value);
    }
    for (size_t i = 0; i < cluster_.coordinators(); ++i) {
      if (cluster_.is_gone(i)) continue;
      const NodeStatus status = cluster_.coordinator(i).Status(node);
      text += Concat("; seen ", NodeStateName(status.state), ":", status.reason, ":",
                     DoubtName(status.doubt));
    }
  }
  return text;
}

}  // namespace kache::testing
