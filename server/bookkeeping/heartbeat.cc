#include "server/bookkeeping/heartbeat.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/instant.h"
#include "server/bookkeeping/ring_id.h"

namespace kache {
namespace {

constexpr size_t kRunIdDigits = 8;
// No coordinator pauses for longer: one whose heartbeat said so would be taken for alive without
// end, and be waited for.
constexpr absl::Duration kLongestInterval = absl::Hours(24);
constexpr char kNone[] = "-";
// Longer lives are told as this one.
constexpr absl::Duration kLongLife = absl::Hours(24);

using Parts = std::vector<absl::string_view>;

// "<at_ms> <interval_ms> <drained>", from parts[first] on.
std::optional<Heartbeat> ParseBeginning(std::string_view id, const Parts& parts, size_t first) {
  Heartbeat heartbeat;
  const auto coordinator = ParseCoordinator(id);
  int64_t interval_ms = 0;
  uint64_t drained = 0;
  if (!coordinator || parts.size() < first + 3 || !ParseInstantMs(parts[first], &heartbeat.at_ms) ||
      !absl::SimpleAtoi(parts[first + 1], &interval_ms) ||
      !absl::SimpleAtoi(parts[first + 2], &drained)) {
    return std::nullopt;
  }
  if (interval_ms < 1 || interval_ms > absl::ToInt64Milliseconds(kLongestInterval)) {
    return std::nullopt;
  }
  heartbeat.coordinator = *coordinator;
  heartbeat.interval = absl::Milliseconds(interval_ms);
  heartbeat.drained = FenceNumber{drained};
  return heartbeat;
}

// Rounded so that it claims no more than is known.
std::string LifeText(const ReachedProcess& process, absl::Time as_of) {
  if (process.run_id.empty() || process.known_since > as_of || process.alive_at > as_of) {
    return kNone;
  }
  const absl::Duration known = std::min(as_of - process.known_since, kLongLife);
  const absl::Duration alive = absl::Ceil(as_of - process.alive_at, absl::Seconds(1));
  if (alive > kLongLife) return kNone;
  return Concat(absl::ToInt64Seconds(known), "/", absl::ToInt64Seconds(alive));
}

void ReadLife(absl::string_view text, absl::Time as_of, ReachedProcess& process) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  int64_t known_s = 0;
  int64_t alive_s = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &known_s) ||
      !absl::SimpleAtoi(parts[1], &alive_s) || known_s < 0 || alive_s < 0) {
    return;
  }
  process.known_since = as_of - absl::Seconds(known_s);
  process.alive_at = as_of - absl::Seconds(alive_s);
}

void ReadLives(const Parts& parts, Heartbeat& heartbeat) {
  int64_t as_of_ms = 0;
  if (parts.size() < 8 || !ParseInstantMs(parts[6], &as_of_ms)) return;
  const std::vector<absl::string_view> lives = absl::StrSplit(parts[7], ',');
  if (lives.size() != heartbeat.reached.size()) return;
  heartbeat.as_of = absl::FromUnixMillis(as_of_ms);
  for (size_t i = 0; i < lives.size(); ++i) {
    ReadLife(lives[i], heartbeat.as_of, heartbeat.reached[i]);
  }
}

}  // namespace

std::string HeartbeatText(const HeartbeatNews& news) {
  std::string text = Concat(absl::ToInt64Milliseconds(news.interval), " ", FenceText(news.drained),
                            " ", RingText(news.ring), " ");
  std::string lives;
  for (size_t i = 0; i < news.reached.size(); ++i) {
    const std::string run_id = ShortRunId(news.reached[i].run_id);
    Append(&text, i > 0 ? "," : "", run_id.empty() ? kNone : run_id);
    Append(&lives, i > 0 ? "," : "", LifeText(news.reached[i], news.as_of));
  }
  return Concat(text, " ", absl::ToUnixMillis(news.as_of), " ", lives, " ", news.drained_note);
}

std::optional<Heartbeat> ParseHeartbeat(std::string_view id, std::string_view text) {
  const Parts parts = absl::StrSplit(ToAbsl(text), ' ');
  if (parts.size() < 6 || parts[0] != "1") return std::nullopt;
  std::optional<Heartbeat> heartbeat = ParseBeginning(id, parts, 1);
  if (!heartbeat || !absl::SimpleHexAtoi(parts[4], &heartbeat->ring)) return std::nullopt;
  for (const absl::string_view run_id : absl::StrSplit(parts[5], ',')) {
    heartbeat->reached.push_back({.run_id = run_id == kNone ? "" : std::string(run_id)});
  }
  ReadLives(parts, *heartbeat);
  const bool has_note = parts.size() > 8 && absl::SimpleAtoi(parts[8], &heartbeat->drained_note);
  if (!has_note) heartbeat->drained_note = 0;
  return heartbeat;
}

std::optional<Heartbeat> ParseOldHeartbeat(std::string_view id, std::string_view text) {
  return ParseBeginning(id, absl::StrSplit(ToAbsl(text), ' '), 0);
}

std::string ShortRunId(std::string_view run_id) {
  return std::string(run_id.substr(0, kRunIdDigits));
}

}  // namespace kache
