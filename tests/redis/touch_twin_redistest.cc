// The script touch against its twin: the same random puts and touches to both must leave the same.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "server/replication/touch_scripts.h"
#include "tests/testing/scripted_key.h"
#include "tests/testing/seed.h"
#include "tests/testing/touch_twin.h"

namespace kache {
namespace {

using testing::ScriptedKey;
using testing::SetIfNewerTwin;

constexpr int kSteps = 6000;
constexpr int64_t kHour = 3'600'000;
// Alike in their upper bits, at the bounds at which the script cuts a clock, and the highest.
constexpr uint64_t kClocks[] = {0x0000000000000001, 0x00000FFFFFFFFFFF, 0x7FFFF00000000000,
                                0x7FFFF80000000001, 0xFFFFF00000000001, 0xFFFFFFFFFFFFFFFF};

TEST(TouchTwin, ScriptTouchesAsTheTwinDoes) {
  std::mt19937_64 random(TestSeed());
  ScriptedKey key;
  key.Run({"SCRIPT", "LOAD", TouchScript().source});
  SetIfNewerTwin twin;
  const int64_t start = key.NowMs();
  const auto stamp = [&](int64_t back_ms) {
    return static_cast<uint64_t>(start - back_ms) << 16 | (random() % 4 == 0 ? 0xFFFF : 0);
  };
  // Ends are an hour in the past, or hours ahead: none passes during the test.
  const auto end = [&] {
    const int64_t hours = static_cast<int64_t>(random() % 6) - 1;
    return hours == 0 ? 0 : start + hours * kHour;
  };
  std::vector<Record> seen_before(1);
  for (int i = 0; i < kSteps; ++i) {
    if (random() % 4 == 0) {
      const Version version{stamp(static_cast<int64_t>(random() % 6)), kClocks[random() % 6]};
      const std::string record =
          EncodeRecord({version, end(), random() % 8 == 0, "value", random() % 4 == 0});
      const int64_t ends = random() % 2 == 0 ? 0 : start + 9 * kHour;
      const bool anew = random() % 3 == 0;
      if (anew) {
        key.Run({"DEL", ScriptedKey::kKey});
        twin.Hold(std::nullopt);
      }
      key.Store(record, ends);
      twin.Apply(record, ends, 0, start);
    }
    if (twin.held()) seen_before.push_back(DecodeRecord(twin.held()->bytes).record);
    TouchTerms terms;
    terms.seen =
        seen_before[random() % 3 == 0 ? random() % seen_before.size() : seen_before.size() - 1];
    terms.seen.value = {};
    terms.timestamp = stamp(static_cast<int64_t>(random() % 6) - 2);
    terms.expires_at_ms = terms.ends_ms = end();
    terms.limit_ms = terms.ends_ms == 0 ? 0 : terms.ends_ms + kHour;
    terms.latest_ms = random() % 16 == 0 ? start - kHour : start + kHour;
    terms.stand_in_ms = kHour;
    terms.least_ms = terms.ends_ms != 0 && terms.ends_ms < start ? 0 : 1;
    terms.home = random() % 4 != 0;
    terms.ends_unknown = random() % 4 == 0;
    // An end that has passed would delete the key.
    if (terms.ends_ms != 0 && terms.ends_ms < start) terms.limit_ms = start + kHour;
    const redis::Reply reply =
        key.Run({"EVALSHA", TouchScript().sha1, "1", ScriptedKey::kKey, EncodeTouchTerms(terms)});
    ASSERT_FALSE(reply.IsError()) << reply.text;
    const TouchAnswer told = DecodeTouchAnswer(reply.text);
    std::optional<SetIfNewerTwin::Held> held = twin.held();
    const TouchAnswer expected = testing::ApplyTouch(terms, start, &held);
    twin.Hold(held);
    ASSERT_EQ(static_cast<char>(told.said), static_cast<char>(expected.said)) << "step " << i;
    ASSERT_EQ(told.record.version, expected.record.version) << "step " << i;
    ASSERT_EQ(key.Exists(), held.has_value()) << "step " << i;
    if (!held) continue;
    ASSERT_EQ(key.Value(), held->bytes) << "step " << i;
    ASSERT_EQ(key.End(), held->ends_ms == 0 ? -1 : held->ends_ms) << "step " << i;
  }
}

}  // namespace
}  // namespace kache
