// Touches of a key whose nodes are played: the vocabulary of their tests.
#ifndef KACHE_TESTS_UNIT_SERVER_REPLICATION_TOUCH_FIXTURE_H_
#define KACHE_TESTS_UNIT_SERVER_REPLICATION_TOUCH_FIXTURE_H_

#include <optional>
#include <string>

#include "server/replication/touch_operation.h"
#include "server/replication/touch_scripts.h"
#include "tests/testing/shard_fixture.h"

namespace kache::testing {

class TouchFixture : public ShardFixture {
 protected:
  static constexpr absl::Duration kLife = absl::Minutes(1);
  using Result = Answer<TouchResult>;

  Result TouchAt(Consistency consistency = Consistency::kOne, const Stamp& stamp = {}) {
    return Touch({kKey, kLife, consistency, stamp});
  }
  Stamp StampAt(absl::Duration from_now) const {
    return {.timestamp = VersionAt(from_now).timestamp, .clock = uint64_t{0xCA11} << 16};
  }
  Record Value(absl::Duration from_now = -absl::Seconds(9)) const {
    Record record;
    record.version = VersionAt(from_now);
    return record;
  }
  Record TouchOf(const Record& value, absl::Duration after = absl::Seconds(9)) const {
    Record record = value;
    record.touched = true;
    record.expires_at_ms = NowMs() + 60'000;
    const auto after_ms = static_cast<uint64_t>(absl::ToInt64Milliseconds(after));
    record.version =
        VersionOfTouch(value, value.version.timestamp + (after_ms << 16), record.expires_at_ms);
    return record;
  }
  static Record OtherLife(Record touched) {
    touched.expires_at_ms += 51;
    return touched;
  }
  static Record Tombstone(const Version& version) { return {version, 0, true, {}}; }
  // Of a look at ONE, and at QUORUM and ALL.
  static redis::Reply Header(const std::optional<Record>& record) {
    return redis::Reply::String(record ? EncodeRecord(*record) : "");
  }
  static redis::Reply Seen(const std::optional<Record>& record, int64_t memory = kIsWhole) {
    return HeldBy(memory, record, record ? record->expires_at_ms : 0);
  }
  static redis::Reply Says(TouchSaid said, const std::optional<Record>& record = std::nullopt) {
    return redis::Reply::String(std::string(1, static_cast<char>(said)) +
                                (record ? EncodeRecord(*record) : ""));
  }
  redis::Reply Touched(const Record& value) { return Says(TouchSaid::kTouched, TouchOf(value)); }
  static std::string BytesOf(const Version& version) {
    Record record;
    record.version = version;
    return EncodeRecord(record).substr(kRecordVersionOffset, kRecordVersionBytes);
  }
  std::string SetOf(size_t index) {
    return shard().keys().Hints(
        shard().ring().names()[NodeId(static_cast<uint16_t>(index)).index()]);
  }
  bool WasTouched(size_t index) {
    return !node(index).sent().empty() && node(index).sent().back().script == &TouchScript();
  }
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_UNIT_SERVER_REPLICATION_TOUCH_FIXTURE_H_
