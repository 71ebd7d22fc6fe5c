#include "server/bookkeeping/heartbeat.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/ring_id.h"

namespace kache {
namespace {

constexpr size_t kRunIdDigits = 8;
constexpr char kNone[] = "-";

using Parts = std::vector<absl::string_view>;

// "<at_ms> <interval_ms> <drained>", from parts[first] on.
std::optional<Heartbeat> ParseBeginning(std::string_view id, const Parts& parts, size_t first) {
  Heartbeat heartbeat;
  const auto coordinator = ParseCoordinator(id);
  int64_t interval_ms = 0;
  uint64_t drained = 0;
  if (!coordinator || parts.size() < first + 3 ||
      !absl::SimpleAtoi(parts[first], &heartbeat.at_ms) ||
      !absl::SimpleAtoi(parts[first + 1], &interval_ms) ||
      !absl::SimpleAtoi(parts[first + 2], &drained)) {
    return std::nullopt;
  }
  heartbeat.coordinator = *coordinator;
  heartbeat.interval = absl::Milliseconds(interval_ms);
  heartbeat.drained = FenceNumber{drained};
  return heartbeat;
}

}  // namespace

std::string HeartbeatText(const HeartbeatNews& news) {
  std::string text = Concat(absl::ToInt64Milliseconds(news.interval), " ", FenceText(news.drained),
                            " ", RingText(news.ring), " ");
  for (size_t i = 0; i < news.reached.size(); ++i) {
    const std::string run_id = ShortRunId(news.reached[i]);
    Append(&text, i > 0 ? "," : "", run_id.empty() ? kNone : run_id);
  }
  return text;
}

std::optional<Heartbeat> ParseHeartbeat(std::string_view id, std::string_view text) {
  const Parts parts = absl::StrSplit(ToAbsl(text), ' ');
  if (parts.size() < 6 || parts[0] != "1") return std::nullopt;
  std::optional<Heartbeat> heartbeat = ParseBeginning(id, parts, 1);
  if (!heartbeat || !absl::SimpleHexAtoi(parts[4], &heartbeat->ring)) return std::nullopt;
  for (const absl::string_view run_id : absl::StrSplit(parts[5], ',')) {
    heartbeat->reached.emplace_back(run_id == kNone ? "" : std::string(run_id));
  }
  return heartbeat;
}

std::optional<Heartbeat> ParseOldHeartbeat(std::string_view id, std::string_view text) {
  return ParseBeginning(id, absl::StrSplit(ToAbsl(text), ' '), 0);
}

std::string ShortRunId(std::string_view run_id) {
  return std::string(run_id.substr(0, kRunIdDigits));
}

}  // namespace kache
