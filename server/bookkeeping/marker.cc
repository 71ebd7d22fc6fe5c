#include "server/bookkeeping/marker.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "server/bookkeeping/instant.h"
#include "server/bookkeeping/ring_id.h"

namespace kache {
namespace {

constexpr std::string_view kFormat = "kache1";
constexpr std::string_view kWhole = "whole";
constexpr std::string_view kSyncing = "syncing";

// The places of the fields.
enum Field : size_t {
  kFormatField,
  kState,
  kRing,
  kRunId,
  kName,
  kFence,
  kSince,
  kAway,
  kSources,
  kFields,
};

}  // namespace

std::optional<Marker> ParseMarker(std::string_view text) {
  const std::vector<absl::string_view> fields = absl::StrSplit(ToAbsl(text), ' ');
  if (fields.size() < kFields || fields[kFormatField] != ToAbsl(kFormat)) return std::nullopt;
  for (size_t i = 0; i < kFields; ++i) {
    if (fields[i].empty()) return std::nullopt;
  }
  const bool whole = fields[kState] == ToAbsl(kWhole);
  if (!whole && fields[kState] != ToAbsl(kSyncing)) return std::nullopt;
  Marker marker;
  uint64_t fence = 0;
  if (!absl::SimpleHexAtoi(fields[kRing], &marker.ring) ||
      !absl::SimpleAtoi(fields[kFence], &fence) ||
      !ParseInstantMs(fields[kSince], &marker.since_ms) ||
      !ParseInstantMs(fields[kAway], &marker.away_ms)) {
    return std::nullopt;
  }
  marker.whole = whole;
  marker.run_id = std::string(fields[kRunId]);
  marker.name = std::string(fields[kName]);
  marker.fence = FenceNumber{fence};
  marker.from_all = fields[kSources] == "all";
  marker.came_empty = fields[kSources] == "empty";
  return marker;
}

std::string WholeMarker(uint64_t ring, std::string_view run_id, std::string_view name) {
  return Concat(kFormat, " ", kWhole, " ", RingText(ring), " ", run_id, " ", name, " ");
}

std::string_view RingPartOf(std::string_view whole_marker) {
  constexpr size_t kRingDigits = 16;  // of RingText
  return whole_marker.substr(0, kFormat.size() + kWhole.size() + kRingDigits + 3);
}

}  // namespace kache
