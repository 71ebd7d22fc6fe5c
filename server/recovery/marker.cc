#include "server/recovery/marker.h"

#include <array>

#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr std::string_view kMagic = "kache1";
constexpr std::string_view kWhole = "whole";
constexpr std::string_view kSyncing = "syncing";
constexpr size_t kFields = 9;

std::optional<std::array<std::string_view, kFields>> Split(std::string_view text) {
  std::array<std::string_view, kFields> fields;
  for (size_t i = 0; i < kFields; ++i) {
    const size_t end = text.find(' ');
    if ((end == std::string_view::npos) != (i + 1 == kFields)) return std::nullopt;
    fields[i] = text.substr(0, end);
    if (fields[i].empty()) return std::nullopt;
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return fields;
}

}  // namespace

std::optional<Marker> ParseMarker(std::string_view text) {
  const auto fields = Split(text);
  if (!fields) return std::nullopt;
  const auto& [magic, state, ring, run_id, name, sync, since, away, sources] = *fields;
  if (magic != kMagic || (state != kWhole && state != kSyncing)) return std::nullopt;
  Marker marker;
  marker.whole = state == kWhole;
  marker.run_id = std::string(run_id);
  marker.name = std::string(name);
  marker.from_all = sources == "all";
  marker.came_empty = sources == "empty";
  if (!absl::SimpleHexAtoi(ToAbsl(ring), &marker.ring) ||
      !absl::SimpleAtoi(ToAbsl(sync), &marker.sync) ||
      !absl::SimpleAtoi(ToAbsl(since), &marker.since_ms) ||
      !absl::SimpleAtoi(ToAbsl(away), &marker.away_ms)) {
    return std::nullopt;
  }
  return marker;
}

std::string RingText(uint64_t ring) { return Concat(absl::Hex(ring, absl::kZeroPad16)); }

std::string WholeMarker(uint64_t ring, std::string_view run_id, std::string_view name) {
  return Concat(kMagic, " ", kWhole, " ", RingText(ring), " ", run_id, " ", name, " ");
}

}  // namespace kache
