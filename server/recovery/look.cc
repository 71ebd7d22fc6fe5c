#include "server/recovery/look.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/recovery/recovery_scripts.h"

namespace kache {
namespace {

using redis::Reply;

// Beyond the next inspection, so that the nodes that are not whole stay named while one is late.
constexpr absl::Duration kNotWholeStands = absl::Seconds(1);

// The places of LookScript's answer.
enum Place : size_t {
  kRunId,
  kNow,
  kMarker,
  kRing,
  kCoordinators,
  kMissed,
  kResyncHolder,
  kProgress,
  kForsaken,
  kSweepHolder,
  kSweep,
  kKeys,
  kMembers,
  kPlaces
};

int64_t Number(const std::string& text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

// Fields and values of a hash, one after another.
void ForEachField(const Reply& hash,
                  const std::function<void(const std::string&, const std::string&)>& each) {
  for (size_t i = 0; i + 1 < hash.elements.size(); i += 2) {
    each(hash.elements[i].text, hash.elements[i + 1].text);
  }
}

// "<last sign, ms> <interval, ms> <settled>"
std::optional<CoordinatorSign> ParseSign(const std::string& id, const std::string& value,
                                         int64_t now_ms) {
  const std::vector<std::string> parts = absl::StrSplit(value, ' ');
  const auto coordinator = ParseCoordinator(id);
  if (!coordinator || parts.size() != 3) return std::nullopt;
  CoordinatorSign sign;
  sign.coordinator = *coordinator;
  sign.age = absl::Milliseconds(now_ms - Number(parts[0]));
  sign.interval = absl::Milliseconds(Number(parts[1]));
  sign.settled = static_cast<uint64_t>(Number(parts[2]));
  return sign;
}

void ReadSweep(const Reply& hash, Look& look) {
  ForEachField(hash, [&](const std::string& field, const std::string& value) {
    if (field == "swept") look.swept_ms = Number(value);
    if (field == "due") look.sweep_due = true;
    if (field == "cursor") look.sweep_cursor = value;
  });
}

}  // namespace

redis::Command LookCommand(const KeySpace& keys, uint64_t coordinator, absl::Duration interval,
                           uint64_t settled, uint64_t ring, const std::string& not_whole) {
  return redis::Command::Call(
      LookScript(),
      {keys.Marker(), keys.Ring(), keys.Coordinators(), keys.Missed(), keys.ResyncLease(),
       keys.ResyncProgress(), keys.Forsaken(), keys.SweepLease(), keys.Sweep(), keys.Members(),
       keys.NotWhole()},
      {CoordinatorText(coordinator), std::to_string(absl::ToInt64Milliseconds(interval)),
       std::to_string(settled), RingText(ring), not_whole,
       std::to_string(absl::ToInt64Milliseconds(interval + kNotWholeStands))});
}

std::optional<Look> ParseLook(const Reply& reply) {
  if (reply.type != Reply::Type::kArray || reply.elements.size() != kPlaces) return std::nullopt;
  const std::vector<Reply>& parts = reply.elements;
  Look look;
  look.run_id = parts[kRunId].text;
  look.now_ms = Number(parts[kNow].text);
  look.has_marker = !parts[kMarker].text.empty();
  look.marker = ParseMarker(parts[kMarker].text);
  look.ring = parts[kRing].text;
  ForEachField(parts[kCoordinators], [&](const std::string& id, const std::string& value) {
    if (auto sign = ParseSign(id, value, look.now_ms)) look.coordinators.push_back(*sign);
  });
  ForEachField(parts[kMissed], [&](const std::string& field, const std::string& value) {
    const auto about = ParseMissedField(field);
    const auto note = ParseMissedValue(value);
    if (about && note) look.missed.push_back({*about, *note});
  });
  look.resync_holder = ParseCoordinator(parts[kResyncHolder].text);
  ForEachField(parts[kProgress], [&](const std::string& field, const std::string& value) {
    look.progress.emplace_back(field, value);
  });
  for (const Reply& name : parts[kForsaken].elements) look.forsaken.push_back(name.text);
  look.sweep_holder = ParseCoordinator(parts[kSweepHolder].text);
  ReadSweep(parts[kSweep], look);
  look.keys = static_cast<uint64_t>(std::max<int64_t>(parts[kKeys].integer, 0));
  for (const Reply& name : parts[kMembers].elements) look.members.push_back(name.text);
  return look;
}

int64_t ProgressNumber(const Look& look, const std::string& field) {
  for (const auto& [name, value] : look.progress) {
    if (name == field) return Number(value);
  }
  return 0;
}

bool HasBroughtFrom(const Look& look, const std::string& source, const std::string& run_id) {
  return std::any_of(look.progress.begin(), look.progress.end(), [&](const auto& field) {
    return field.first == "from:" + source && field.second == run_id;
  });
}

}  // namespace kache
