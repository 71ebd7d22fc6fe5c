// What the script touch does, as a pure C++ model of one key on one server: for tests that need
// thousands of servers, and to check the script against.
#ifndef KACHE_TESTS_TESTING_TOUCH_TWIN_H_
#define KACHE_TESTS_TESTING_TOUCH_TWIN_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "server/replication/record.h"
#include "server/replication/touch.h"
#include "tests/testing/set_if_newer_twin.h"

namespace kache::testing {

// Touches of one value are in this order: milliseconds of the stamp, the life's hash, its end.
inline std::tuple<int64_t, int, int64_t> PlaceOf(const Record& record) {
  if (!record.touched) return {-1, 0, record.expires_at_ms};
  return {WrittenAtMs(record.version, true), static_cast<int>(record.version.clock & 63),
          record.expires_at_ms};
}

inline bool IsOlderValue(const Record& a, const Record& b) {
  if (!a.touched && !b.touched) return a.version < b.version;
  return !IsSameValue(a, b) && a.version < b.version;
}

// By a node whose clock is cluster time. `held`: what it holds, before and after.
inline TouchAnswer ApplyTouch(const TouchTerms& terms, int64_t now_ms,
                              std::optional<SetIfNewerTwin::Held>* held) {
  if (*held && (*held)->ends_ms != 0 && (*held)->ends_ms <= now_ms) held->reset();
  if (!*held) return {TouchSaid::kAbsent, {}};
  const DecodedRecord decoded = DecodeRecord((*held)->bytes);
  if (decoded.kind == RecordKind::kForeign) return {TouchSaid::kAbsent, {}};
  Record record = decoded.record;
  const auto say = [&](TouchSaid said) {
    TouchAnswer answer{said, record};
    answer.record.value = {};
    return answer;
  };
  if (decoded.kind == RecordKind::kNewerFormat) return say(TouchSaid::kUntouched);
  if ((static_cast<uint8_t>((*held)->bytes[3]) & 8) != 0) return {TouchSaid::kAbsent, {}};
  if (!terms.home && !record.stand_in) return {TouchSaid::kAbsent, {}};
  const bool is_over = record.tombstone || record.ExpiredAt(now_ms);
  if (record.tombstone || !IsSameValue(record, terms.seen)) {
    if (is_over) return say(TouchSaid::kEnded);
    if (IsOlderValue(record, terms.seen)) return say(TouchSaid::kOlder);
    // Of the touch that the record would get.
    const uint64_t timestamp = VersionOfTouch(record, terms.timestamp, 0).timestamp;
    return say(timestamp < terms.timestamp ? TouchSaid::kChanged : TouchSaid::kNewer);
  }
  Record touched = record;
  touched.touched = true;
  touched.version = VersionOfTouch(record, terms.timestamp, terms.expires_at_ms);
  touched.expires_at_ms = terms.expires_at_ms;
  if (PlaceOf(record) == PlaceOf(touched)) return say(TouchSaid::kTouched);
  const bool missed_one = PlaceOf(record) < PlaceOf(terms.seen);
  if (is_over && !missed_one) return say(TouchSaid::kEnded);
  if (touched.version.timestamp > terms.timestamp || PlaceOf(record) > PlaceOf(touched)) {
    return say(TouchSaid::kNewer);
  }
  if (now_ms > terms.latest_ms) return say(TouchSaid::kTooLate);
  const auto end_of = [](int64_t ends_ms) { return ends_ms == 0 ? INT64_MAX : ends_ms; };
  const int64_t old = end_of((*held)->ends_ms);
  int64_t ends = terms.ends_ms;
  if (record.stand_in) {
    const int64_t last = MillisOf(touched.version.timestamp) + terms.stand_in_ms;
    ends = end_of(ends) > last ? last : terms.limit_ms;
    if (ends <= now_ms) return say(TouchSaid::kAbsent);
  } else if (ends != 0) {
    if (old == INT64_MAX || missed_one || terms.ends_unknown) {
      ends = std::max(ends, terms.limit_ms);
    } else if (old > ends) {
      ends = std::max(ends, std::min(old, terms.limit_ms));
    }
    ends = std::max(ends, now_ms + terms.least_ms);
  }
  *held = SetIfNewerTwin::Held{EncodeRecord(touched), ends};
  record = DecodeRecord((*held)->bytes).record;
  return say(TouchSaid::kTouched);
}

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_TOUCH_TWIN_H_
