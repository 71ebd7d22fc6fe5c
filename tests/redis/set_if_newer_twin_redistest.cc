// The script against its twin: the same random writes to both must leave the same.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/testing/scripted_key.h"
#include "tests/testing/seed.h"
#include "tests/testing/set_if_newer_twin.h"

namespace kache {
namespace {

using testing::IsAcknowledged;
using testing::IsLifeOver;
using testing::ScriptedKey;
using testing::SetIfNewerTwin;

constexpr int kWrites = 4000;

// Words that differ in one byte, at either side of the bounds at which the script cuts a version,
// with bytes above 0x7F: what a comparison of strings or of doubles would get wrong.
uint64_t RandomWord(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return random();
    case 1:
      return uint64_t{1} << (random() % 64);
    case 2:
      return (uint64_t{0x7F + random() % 3} << (8 * (random() % 8)));
    default:
      return 0x8000000080000000 + random() % 3 - 1;
  }
}

TEST(SetIfNewerTwin, ScriptComparesVersionsAsCppDoes) {
  std::mt19937_64 random(TestSeed());
  ScriptedKey key;
  for (int i = 0; i < kWrites; ++i) {
    const Version held{RandomWord(random), RandomWord(random)};
    // Often alike but for one of the two words.
    const Version incoming{random() % 2 == 0 ? held.timestamp : RandomWord(random),
                           random() % 8 == 0 ? held.clock : RandomWord(random)};
    key.Run({"SET", ScriptedKey::kKey, EncodeRecord({held, 0, false, "held"})});
    const redis::Reply reply = key.Store({incoming, 0, false, "incoming"});
    ASSERT_EQ(IsAcknowledged(reply), incoming >= held)
        << std::hex << held.timestamp << ":" << held.clock << " held, incoming "
        << incoming.timestamp << ":" << incoming.clock;
    if (incoming < held) {
      ASSERT_EQ(DecodeVersion(reply.text), held);
    }
    ASSERT_EQ(key.Value(), EncodeRecord(incoming > held ? Record{incoming, 0, false, "incoming"}
                                                        : Record{held, 0, false, "held"}));
  }
}

TEST(SetIfNewerTwin, ScriptKeepsRecordsAndExpiriesAsTheTwinDoes) {
  std::mt19937_64 random(TestSeed());
  ScriptedKey key;
  SetIfNewerTwin twin;
  const int64_t start = key.NowMs();
  for (int i = 0; i < kWrites; ++i) {
    if (random() % 50 == 0) {
      key.Run({"DEL", ScriptedKey::kKey});
      twin.Hold(std::nullopt);
    } else if (random() % 50 == 0) {
      key.Run({"SET", ScriptedKey::kKey, "foreign"});
      twin.Hold(SetIfNewerTwin::Held{"foreign", 0});
    }
    // Ends are an hour in the past, or hours ahead: none passes during the test.
    const int64_t hours = static_cast<int64_t>(random() % 10) - 1;
    const int64_t ends = hours == 0 ? 0 : start + hours * 3'600'000;
    const int64_t grace = static_cast<int64_t>(random() % 3) * 5'400'000;
    const std::string record = EncodeRecord(
        {{random() % 20, random() % 3}, ends, random() % 4 == 0, "v", random() % 2 == 0});
    const redis::Reply reply = key.Store(record, ends, grace);
    const auto held = twin.Apply(record, ends, grace, start);
    const bool stored = !held.has_value() && twin.held().has_value();
    ASSERT_EQ(IsAcknowledged(reply), stored) << "write " << i;
    ASSERT_EQ(IsLifeOver(reply), !held.has_value() && !stored) << "write " << i;
    if (held) {
      ASSERT_EQ(DecodeVersion(reply.text), held) << "write " << i;
    }
    ASSERT_EQ(key.Exists(), twin.held().has_value()) << "write " << i;
    if (!twin.held()) continue;
    ASSERT_EQ(key.Value(), twin.held()->bytes) << "write " << i;
    ASSERT_EQ(key.End(), twin.held()->ends_ms == 0 ? -1 : twin.held()->ends_ms) << "write " << i;
  }
}

}  // namespace
}  // namespace kache
