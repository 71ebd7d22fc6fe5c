// Touches among writes, whatever the network does: a touch never changes which value wins, the
// newest touch of that value wins, and replicas that are made equal hold the same life.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/testing/seed.h"
#include "tests/testing/touch_twin.h"

namespace kache {
namespace {

using testing::ApplyTouch;
using testing::PlaceOf;
using testing::SetIfNewerTwin;

constexpr int kRounds = 3000;
constexpr int64_t kNowMs = 2'000'000'000'000;
constexpr int64_t kHour = 3'600'000;
constexpr int64_t kStampedMs = kNowMs - 1000;

struct Put {
  std::string record;
  int64_t ends_ms = 0;
};
using Message = std::variant<Put, TouchTerms>;

uint64_t TimestampAt(int64_t ms) { return static_cast<uint64_t>(ms) << 16; }

// Lives of one millisecond differ in their hash.
int64_t RandomEnd(std::mt19937_64& random) {
  static const std::vector<int64_t> ends = [] {
    std::vector<int64_t> found;
    for (int64_t end = kNowMs + kHour; found.size() < 6; ++end) {
      const bool is_new = std::ranges::none_of(
          found, [&](int64_t other) { return HashOfLife(other) == HashOfLife(end); });
      if (is_new) found.push_back(end);
    }
    return found;
  }();
  return random() % 4 == 0 ? 0 : ends[random() % ends.size()];
}

// Clocks neither agree in their upper bits nor follow each other there (ADR 24).
std::vector<Record> RandomValues(std::mt19937_64& random) {
  std::vector<Record> values;
  const size_t count = 1 + random() % 3;
  for (uint64_t i = 0; i < count; ++i) {
    Record value;
    value.version = {TimestampAt(kStampedMs + static_cast<int64_t>(random() % 3)),
                     (2 * i + 1) << kTouchClockShift | random() % 1000};
    value.expires_at_ms = RandomEnd(random);
    value.tombstone = random() % 6 == 0;
    values.push_back(value);
  }
  return values;
}

TouchTerms TouchOf(const Record& seen, std::mt19937_64& random) {
  TouchTerms terms;
  terms.seen = seen;
  terms.timestamp = TimestampAt(kStampedMs + 3 + static_cast<int64_t>(random() % 4));
  terms.expires_at_ms = terms.ends_ms = RandomEnd(random);
  terms.limit_ms = terms.ends_ms == 0 ? 0 : terms.ends_ms + kHour;
  terms.latest_ms = kNowMs + kHour;
  return terms;
}

class Replica {
 public:
  void Take(const Message& message) {
    if (const auto* put = std::get_if<Put>(&message)) {
      twin_.Apply(put->record, put->ends_ms, put->ends_ms == 0 ? 0 : kHour, kNowMs);
      return;
    }
    std::optional<SetIfNewerTwin::Held> held = twin_.held();
    ApplyTouch(std::get<TouchTerms>(message), kNowMs, &held);
    twin_.Hold(held);
  }
  bool IsEmpty() const { return !twin_.held().has_value(); }
  const std::string& bytes() const { return twin_.held()->bytes; }
  Record record() const { return DecodeRecord(bytes()).record; }
  int64_t ends_ms() const { return twin_.held()->ends_ms; }
  void CopyTo(Replica& other) const {
    if (!IsEmpty()) other.Take(Put{bytes(), record().expires_at_ms});
  }

 private:
  SetIfNewerTwin twin_;
};

TEST(Touch, ReplicasConvergeInWhateverOrderTouchesAndWritesCome) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Record> values = RandomValues(random);
    std::vector<Message> messages;
    std::vector<TouchTerms> touches;
    for (const Record& value : values) {
      messages.emplace_back(Put{EncodeRecord(value), value.expires_at_ms});
      for (uint64_t i = random() % 4; i > 0; --i) {
        touches.push_back(TouchOf(value, random));
        messages.emplace_back(touches.back());
      }
    }
    std::vector<Replica> replicas(3);
    for (Replica& replica : replicas) {
      std::vector<Message> deliveries;
      for (const Message& message : messages) {
        deliveries.insert(deliveries.end(), random() % 3, message);  // or it misses that
      }
      std::ranges::shuffle(deliveries, random);
      Version held;
      for (const Message& message : deliveries) {
        replica.Take(message);
        if (replica.IsEmpty()) continue;
        ASSERT_GE(replica.record().version, held) << "round " << round << ": it went back";
        held = replica.record().version;
      }
    }
    const auto newest_put = std::ranges::max_element(values, {}, &Record::version);
    replicas[0].Take(Put{EncodeRecord(*newest_put), newest_put->expires_at_ms});
    // What some replica has of the value that wins.
    auto newest = PlaceOf(*newest_put);
    for (const Replica& replica : replicas) {
      if (!replica.IsEmpty() && IsSameValue(replica.record(), *newest_put)) {
        newest = std::max(newest, PlaceOf(replica.record()));
      }
    }
    for (Replica& from : replicas) {
      for (Replica& to : replicas) from.CopyTo(to);
    }
    for (const Replica& replica : replicas) {
      ASSERT_EQ(replica.bytes(), replicas[0].bytes()) << "round " << round;
      ASSERT_TRUE(IsSameValue(replica.record(), *newest_put)) << "round " << round;
      ASSERT_EQ(PlaceOf(replica.record()), newest) << "round " << round;
    }
  }
}

// Two touches of one version in one millisecond, whose lives have one hash: the later end.
TEST(Touch, TouchesThatCannotBeToldApartConvergeWhereBothCome) {
  int64_t first = kNowMs + kHour;
  int64_t second = first + 1;
  while (HashOfLife(second) != HashOfLife(first)) ++second;
  Record value;
  value.version = {TimestampAt(kStampedMs), uint64_t{7} << kTouchClockShift};
  TouchTerms touch;
  touch.seen = value;
  touch.timestamp = TimestampAt(kStampedMs + 3);
  touch.latest_ms = kNowMs + kHour;
  std::vector<Replica> replicas(2);
  for (size_t i = 0; i < 2; ++i) {
    replicas[i].Take(Put{EncodeRecord(value), 0});
    for (const int64_t end : {i == 0 ? first : second, i == 0 ? second : first}) {
      touch.expires_at_ms = touch.ends_ms = touch.limit_ms = end;
      replicas[i].Take(touch);
    }
  }
  EXPECT_EQ(replicas[0].bytes(), replicas[1].bytes());
  EXPECT_EQ(replicas[0].record().expires_at_ms, second);
}

// As a put that shortens a life (newest_wins_property_test.cc): a replica that missed the touch
// must not bring the longer life back.
TEST(Touch, AShorterLifeOutlivesWhatItShortens) {
  std::mt19937_64 random(TestSeed());
  const auto end_of = [](int64_t ends_ms) { return ends_ms == 0 ? INT64_MAX : ends_ms; };
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Record> values = RandomValues(random);
    Replica replica;
    replica.Take(Put{EncodeRecord(values[0]), values[0].expires_at_ms});
    for (int i = 0; i < 4; ++i) {
      const int64_t before = end_of(replica.ends_ms());
      const TouchTerms touch = TouchOf(replica.record(), random);
      replica.Take(touch);
      if (!replica.record().touched || touch.ends_ms == 0) continue;
      ASSERT_GE(end_of(replica.ends_ms()), std::min(before, touch.limit_ms)) << "round " << round;
      ASSERT_GE(end_of(replica.ends_ms()), end_of(replica.record().expires_at_ms));
    }
  }
}

}  // namespace
}  // namespace kache
