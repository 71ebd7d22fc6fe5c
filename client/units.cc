#include "client/units.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

struct Unit {
  absl::Duration size;
  const char* name;
};
constexpr Unit kUnits[] = {{absl::Hours(24), "d"},
                           {absl::Hours(1), "h"},
                           {absl::Minutes(1), "m"},
                           {absl::Seconds(1), "s"}};

// Days in front of what absl::ParseDuration reads; it knows no longer unit than hours.
bool TakeDays(std::string_view* text, absl::Duration* days) {
  const size_t d = text->find('d');
  int64_t count = 0;
  if (d == std::string_view::npos) return true;
  if (!absl::SimpleAtoi(ToAbsl(text->substr(0, d)), &count) || count < 0) return false;
  *days = kDay * count;
  text->remove_prefix(d + 1);
  return true;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  const absl::Status wrong = absl::InvalidArgumentError(
      Concat("\"", text, "\" is not a duration: write 90 (seconds), 90s, 5m, 1h30m, 2d or 250ms"));
  if (text.empty() || text.front() == '-' || text.front() == '+') return wrong;
  int64_t seconds = 0;
  absl::Duration result;
  absl::Duration days;
  if (absl::SimpleAtoi(ToAbsl(text), &seconds)) {
    result = absl::Seconds(seconds);
  } else if (!TakeDays(&text, &days)) {
    return wrong;
  } else if (!text.empty() && !absl::ParseDuration(ToAbsl(text), &result)) {
    return wrong;
  }
  result += days;
  if (result < absl::Milliseconds(1) || result == absl::InfiniteDuration()) return wrong;
  return result;
}

std::string DurationText(absl::Duration duration) {
  duration = absl::AbsDuration(duration);
  if (duration < absl::Seconds(1)) {
    const int64_t ms = absl::ToInt64Milliseconds(duration);
    return ms == 0 ? "0s" : Concat(ms, "ms");
  }
  for (size_t i = 0; i < std::size(kUnits); ++i) {
    if (duration < kUnits[i].size) continue;
    const int64_t count = absl::IDivDuration(duration, kUnits[i].size, &duration);
    std::string text = Concat(count, kUnits[i].name);
    if (i + 1 == std::size(kUnits)) return text;
    const int64_t rest = absl::IDivDuration(duration, kUnits[i + 1].size, &duration);
    if (rest > 0) Append(&text, rest, kUnits[i + 1].name);
    return text;
  }
  return "0s";
}

std::string AgoText(int64_t unix_ms, absl::Time now) {
  if (unix_ms == 0) return "never";
  return DurationText(now - absl::FromUnixMillis(unix_ms)) + " ago";
}

std::string ExpiryText(int64_t unix_ms, absl::Time now) {
  if (unix_ms == 0) return "never";
  const absl::Duration left = absl::FromUnixMillis(unix_ms) - now;
  if (left < absl::ZeroDuration()) return DurationText(left) + " ago";
  return "in " + DurationText(left);
}

std::string BytesText(uint64_t bytes) {
  if (bytes < 1024) return Concat(bytes, " B");
  double amount = static_cast<double>(bytes) / 1024;
  const char* const names[] = {"KiB", "MiB", "GiB", "TiB"};
  size_t i = 0;
  for (; amount >= 1024 && i + 1 < std::size(names); ++i) amount /= 1024;
  return absl::StrFormat("%.1f %s", amount, names[i]);
}

}  // namespace kache
