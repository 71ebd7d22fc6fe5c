#include "server/bookkeeping/inspection.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/instant.h"
#include "server/bookkeeping/ring_id.h"

namespace kache {
namespace {

using redis::Reply;

// Beyond the next inspection, so that the nodes that are not whole stay named while one is late.
constexpr absl::Duration kNotWholeStands = absl::Seconds(1);
// What the release before writes in place of the instant from which on a sweep is due.
constexpr int64_t kDueSinceEver = 1;

// The places of InspectScript's answer.
enum Place : size_t {
  kRunId,
  kNow,
  kMarker,
  kRing,
  kOldHeartbeats,
  kMissed,
  kResyncHolder,
  kProgress,
  kLost,
  kSweepHolder,
  kSweep,
  kKeys,
  kMembers,
  kHeartbeats,
  kEvicts,
  kEvictedKeys,
  kEmptied,
  kLostCoordinators,
  kMaxMemory,
  kHints,
  kPlaces
};

// An instant or a count; 0 for what is neither.
int64_t Number(const std::string& text) {
  int64_t number = 0;
  return ParseInstantMs(text, &number) ? number : 0;
}

// Fields and values of a hash, one after another.
void ForEachField(const Reply& hash,
                  const std::function<void(const std::string&, const std::string&)>& each) {
  for (size_t i = 0; i + 1 < hash.elements.size(); i += 2) {
    each(hash.elements[i].text, hash.elements[i + 1].text);
  }
}

std::vector<std::string_view> ViewsOf(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Of a coordinator that writes both forms, the newer one counts.
void ReadHeartbeats(const Reply& hash, const Reply& old_hash, Inspection& inspection) {
  std::vector<Heartbeat>& heartbeats = inspection.heartbeats;
  ForEachField(hash, [&](const std::string& id, const std::string& text) {
    if (auto heartbeat = ParseHeartbeat(id, text)) heartbeats.push_back(*std::move(heartbeat));
  });
  const size_t known = heartbeats.size();
  ForEachField(old_hash, [&](const std::string& id, const std::string& text) {
    auto heartbeat = ParseOldHeartbeat(id, text);
    if (!heartbeat) return;
    const auto end = heartbeats.begin() + static_cast<ptrdiff_t>(known);
    const bool is_known = std::any_of(heartbeats.begin(), end, [&](const Heartbeat& other) {
      return other.coordinator == heartbeat->coordinator;
    });
    if (!is_known) heartbeats.push_back(*std::move(heartbeat));
  });
}

// After its holder.
void ReadSweep(const Reply& hash, Inspection& inspection) {
  int64_t begun_for_ms = 0;
  ForEachField(hash, [&](const std::string& field, const std::string& value) {
    if (field == "swept") inspection.swept_ms = Number(value);
    if (field == "due") inspection.sweep_due_ms = std::max(Number(value), kDueSinceEver);
    if (field == "begun_for") begun_for_ms = std::max(Number(value), kDueSinceEver);
    if (field == "cursor") inspection.sweep_cursor = value;
  });
  if (inspection.sweep_holder || begun_for_ms == 0) return;
  int64_t& due_ms = inspection.sweep_due_ms;
  due_ms = due_ms == 0 ? begun_for_ms : std::min(due_ms, begun_for_ms);
}

}  // namespace

redis::Command InspectCommand(const KeySpace& keys, const InspectionOrder& order) {
  const HeartbeatNews& news = order.heartbeat;
  std::vector<std::string> read = {
      keys.Marker(),          keys.Ring(),           keys.Coordinators(), keys.Missed(),
      keys.ResyncLease(),     keys.ResyncProgress(), keys.Lost(),         keys.SweepLease(),
      keys.Sweep(),           keys.Members(),        keys.NotWhole(),     keys.Heartbeats(),
      keys.LostCoordinators()};
  for (const std::string& node : order.hints_about) read.push_back(keys.Hints(node));
  const std::vector<std::string> arguments = {
      CoordinatorText(order.coordinator),
      std::to_string(absl::ToInt64Milliseconds(news.interval)),
      FenceText(news.drained),
      RingText(news.ring),
      order.not_whole,
      std::to_string(absl::ToInt64Milliseconds(news.interval + kNotWholeStands)),
      HeartbeatText(news)};
  return redis::Command::Call(InspectScript(), ViewsOf(read), ViewsOf(arguments));
}

redis::Command TouchCommand(const KeySpace& keys, const std::vector<std::string>& nodes) {
  std::vector<std::string> words = {
      "TOUCH",           keys.Marker(),          keys.Ring(),        keys.Missed(),
      keys.Heartbeats(), keys.Coordinators(),    keys.ResyncLease(), keys.ResyncProgress(),
      keys.Lost(),       keys.Members(),         keys.NotWhole(),    keys.SweepLease(),
      keys.Sweep(),      keys.LostCoordinators()};
  for (const std::string& node : nodes) {
    words.push_back(keys.Hints(node));
    words.push_back(keys.HintsTaken(node));
  }
  return redis::Command::Of(ViewsOf(words));
}

std::optional<Inspection> ParseInspection(const Reply& reply) {
  if (reply.type != Reply::Type::kArray || reply.elements.size() != kPlaces) return std::nullopt;
  const std::vector<Reply>& parts = reply.elements;
  Inspection inspection;
  inspection.run_id = parts[kRunId].text;
  inspection.now_ms = Number(parts[kNow].text);
  inspection.has_marker = !parts[kMarker].text.empty();
  inspection.marker = ParseMarker(parts[kMarker].text);
  inspection.marker_text = parts[kMarker].text;
  inspection.ring = parts[kRing].text;
  ReadHeartbeats(parts[kHeartbeats], parts[kOldHeartbeats], inspection);
  ForEachField(parts[kMissed], [&](const std::string& field, const std::string& value) {
    const auto about = ParseMissedField(field);
    const auto note = ParseMissedValue(value);
    if (about && note) inspection.missed.push_back({*about, *note});
  });
  inspection.resync_holder = ParseCoordinator(parts[kResyncHolder].text);
  ForEachField(parts[kProgress], [&](const std::string& field, const std::string& value) {
    inspection.progress.emplace_back(field, value);
  });
  if (inspection.marker && !inspection.marker->whole) {
    const auto kept = static_cast<uint64_t>(ProgressNumber(inspection, "kept"));
    inspection.marker->kept_memory = kept != 0 && FenceNumber{kept} == inspection.marker->fence;
  }
  ForEachField(parts[kLost], [&](const std::string& name, const std::string& at) {
    inspection.lost.push_back({name, Number(at)});
  });
  ForEachField(parts[kLostCoordinators], [&](const std::string& id, const std::string& text) {
    if (auto lost = ParseLostCoordinator(id, text)) inspection.lost_coordinators.push_back(*lost);
  });
  inspection.sweep_holder = ParseCoordinator(parts[kSweepHolder].text);
  ReadSweep(parts[kSweep], inspection);
  inspection.keys = static_cast<uint64_t>(std::max<int64_t>(parts[kKeys].integer, 0));
  for (const Reply& name : parts[kMembers].elements) inspection.members.push_back(name.text);
  inspection.evicts = parts[kEvicts].integer == 1;
  inspection.evicted_keys = static_cast<uint64_t>(Number(parts[kEvictedKeys].text));
  inspection.emptied = static_cast<uint64_t>(Number(parts[kEmptied].text));
  inspection.maxmemory = static_cast<uint64_t>(Number(parts[kMaxMemory].text));
  for (const Reply& held : parts[kHints].elements) inspection.hints.push_back(held.integer);
  return inspection;
}

bool IsDeclaredLost(const Inspection& inspection, uint64_t coordinator) {
  return std::any_of(inspection.lost_coordinators.begin(), inspection.lost_coordinators.end(),
                     [&](const LostCoordinator& lost) { return lost.coordinator == coordinator; });
}

bool IsCutOff(const Inspection& inspection, uint64_t coordinator) {
  return std::any_of(inspection.lost_coordinators.begin(), inspection.lost_coordinators.end(),
                     [&](const LostCoordinator& lost) {
                       return lost.coordinator == coordinator && lost.is_cut_off;
                     });
}

int64_t ProgressNumber(const Inspection& inspection, const std::string& field) {
  for (const auto& [name, value] : inspection.progress) {
    if (name == field) return Number(value);
  }
  return 0;
}

std::optional<ResyncCheckpoint> CheckpointOf(const Inspection& inspection,
                                             const std::string& source) {
  const std::string wanted = CheckpointField(source);
  for (const auto& [field, value] : inspection.progress) {
    if (field == wanted) return ParseCheckpoint(value);
  }
  return std::nullopt;
}

bool HasBroughtFrom(const Inspection& inspection, const std::string& source,
                    const std::string& run_id) {
  return std::any_of(
      inspection.progress.begin(), inspection.progress.end(),
      [&](const auto& field) { return field.first == "from:" + source && field.second == run_id; });
}

}  // namespace kache
