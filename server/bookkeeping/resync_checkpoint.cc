#include "server/bookkeeping/resync_checkpoint.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/instant.h"

namespace kache {
namespace {

constexpr size_t kParts = 9;
constexpr char kNone[] = "-";

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c) != 0; });
}

std::string DrainedText(const DrainedNotes& drained) {
  std::string text;
  for (const auto& [coordinator, number] : drained) {
    Append(&text, text.empty() ? "" : ",", CoordinatorText(coordinator), ":", number);
  }
  return text.empty() ? kNone : text;
}

std::optional<DrainedNotes> ParseDrained(absl::string_view text) {
  DrainedNotes drained;
  if (text == kNone) return drained;
  for (const absl::string_view each : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(each, ':');
    if (parts.size() != 2) return std::nullopt;
    const auto coordinator = ParseCoordinator(std::string_view(parts[0].data(), parts[0].size()));
    uint64_t number = 0;
    if (!coordinator || !absl::SimpleAtoi(parts[1], &number)) return std::nullopt;
    drained[*coordinator] = number;
  }
  return drained;
}

}  // namespace

std::string CheckpointField(std::string_view source) { return Concat("checkpoint:", source); }

std::string CheckpointText(const ResyncCheckpoint& checkpoint) {
  return Concat("1 ", checkpoint.cursor, " ", checkpoint.seen, " ", checkpoint.run_id, " ",
                checkpoint.emptied, " ", FenceText(checkpoint.fence), " ", checkpoint.node_emptied,
                " ", checkpoint.knew_before_ms, " ", DrainedText(checkpoint.drained));
}

std::optional<ResyncCheckpoint> ParseCheckpoint(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(text), ' ');
  if (parts.size() < kParts || parts[0] != "1") return std::nullopt;
  ResyncCheckpoint checkpoint;
  uint64_t fence = 0;
  if (!IsNumber(parts[1]) || !absl::SimpleAtoi(parts[2], &checkpoint.seen) ||
      !absl::SimpleAtoi(parts[4], &checkpoint.emptied) || !absl::SimpleAtoi(parts[5], &fence) ||
      !absl::SimpleAtoi(parts[6], &checkpoint.node_emptied) ||
      !ParseInstantMs(parts[7], &checkpoint.knew_before_ms)) {
    return std::nullopt;
  }
  std::optional<DrainedNotes> drained = ParseDrained(parts[8]);
  if (!drained) return std::nullopt;
  checkpoint.cursor = parts[1];
  checkpoint.run_id = parts[3];
  checkpoint.fence = FenceNumber{fence};
  checkpoint.drained = *std::move(drained);
  return checkpoint;
}

}  // namespace kache
