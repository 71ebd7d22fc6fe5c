// The scripts of leases against their twin: the same random writes, leases and checks to both must
// leave, and answer, the same.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "server/replication/lease_scripts.h"
#include "tests/testing/lease_twin.h"
#include "tests/testing/scripted_key.h"
#include "tests/testing/seed.h"

namespace kache {
namespace {

using testing::LeaseChecked;
using testing::LeaseMark;
using testing::ScriptedKey;
using testing::SetIfNewerTwin;

constexpr int kSteps = 6000;
constexpr int64_t kHour = 3'600'000;
// At the bounds at which the script cuts a clock, and the highest.
constexpr uint64_t kClocks[] = {0x0000000000010000, 0x00000000FFFF1234, 0x7FFFFFFFFFFF0000,
                                0x80000000FFFFFFFF, 0xFFFFFFFFFFFE0001, 0xFFFFFFFFFFFFFFFF};

class LeaseTwin : public ::testing::Test {
 protected:
  LeaseTwin() : random_(TestSeed()), start_(key_.NowMs()) {
    for (const redis::Script* script : {&LeaseScript(), &CheckLease()}) {
      key_.Run({"SCRIPT", "LOAD", script->source});
    }
  }
  bool OneIn(uint64_t count) { return random_() % count == 0; }
  uint64_t AnyClock() { return kClocks[random_() % 6]; }
  uint64_t Stamp() {
    const auto back_ms = static_cast<int64_t>(random_() % 6);
    return static_cast<uint64_t>(start_ - back_ms) << 16 | (OneIn(4) ? 0xFFFF : 0);
  }
  // An hour in the past, never, or hours ahead.
  int64_t End() {
    const int64_t hours = static_cast<int64_t>(random_() % 4) - 1;
    return hours == 0 ? 0 : start_ + hours * kHour;
  }
  void Write() {
    if (OneIn(3)) {
      key_.Run({"DEL", ScriptedKey::kKey});
      twin_.Hold(std::nullopt);
    }
    Record record{{Stamp(), AnyClock()}, End(), OneIn(3), "value", OneIn(4)};
    record.touched = OneIn(4);
    const std::string bytes = EncodeRecord(record);
    const int64_t ends = OneIn(4) ? 0 : start_ + 9 * kHour;
    key_.Store(bytes, ends);
    twin_.Apply(bytes, ends, 0, start_);
  }
  void Lease(int step) {
    LeaseTerms terms;
    terms.floor = {Stamp(), AnyClock() & ~kContentHashMask};
    terms.lease_ms = OneIn(3) ? 0 : kHour;
    terms.latest_ms = OneIn(16) ? start_ - kHour : start_ + kHour;
    terms.clock_offset_ms = OneIn(8) ? -2 * kHour : 0;
    terms.node_id = OneIn(4) ? 0xFFFFFFFF : 7;
    terms.asker = random_() % 4;
    const redis::Reply reply =
        key_.Run({"EVALSHA", LeaseScript().sha1, "1", ScriptedKey::kKey, EncodeLeaseTerms(terms)});
    ASSERT_FALSE(reply.IsError()) << reply.text;
    // By the script's own clock, where its mark tells it.
    int64_t now_ms = key_.NowMs();
    if (const auto mark = testing::MarkIn(key_.Value())) {
      const int64_t made_ms = mark->ends_ms - terms.lease_ms;
      const bool is_new = made_ms <= now_ms && now_ms - made_ms < 1000;
      if (is_new && mark->asker == testing::Bytes(terms.asker)) now_ms = made_ms;
    }
    std::optional<SetIfNewerTwin::Held> held = twin_.held();
    const std::string expected = testing::ApplyLease(terms, now_ms, &held);
    twin_.Hold(held);
    ASSERT_EQ(reply.text[0], expected[0]) << "step " << step;
    if (expected[0] == 'W') {
      const int64_t left_ms = DecodeLeaseAnswer(reply.text)->left_ms;
      ASSERT_LT(std::abs(left_ms - DecodeLeaseAnswer(expected)->left_ms), 1000);
    } else {
      ASSERT_EQ(reply.text, expected) << "step " << step;
    }
    if (const auto answer = DecodeLeaseAnswer(reply.text); answer->said == LeaseSaid::kGiven) {
      ASSERT_GT(answer->token, answer->held);
      ASSERT_EQ(answer->token.clock & kContentHashMask, 0u);
      tokens_.push_back(answer->token);
    }
  }
  // Of some token that was given.
  void Check(int step) {
    if (tokens_.empty()) return;
    const Version token = tokens_[OneIn(2) ? tokens_.size() - 1 : random_() % tokens_.size()];
    const uint32_t node = OneIn(4) ? 0xFFFFFFFF : 7;
    const redis::Reply reply = key_.Run(
        {"EVALSHA", CheckLease().sha1, "1", ScriptedKey::kKey, EncodeLeaseCheck(token, node)});
    ASSERT_FALSE(reply.IsError()) << reply.text;
    const LeaseChecked told{reply.IsInteger(1), DecodeVersion(reply.text)};
    ASSERT_EQ(told, testing::CheckLeaseOf(token, node, key_.NowMs(), twin_.held()))
        << "step " << step;
  }
  void Fill() {
    if (tokens_.empty()) return;
    Record fill{tokens_.back(), OneIn(2) ? 0 : start_ + kHour, false, "filled"};
    const std::string bytes = EncodeStamped(&fill);
    key_.Store(bytes, fill.expires_at_ms);
    twin_.Apply(bytes, fill.expires_at_ms, 0, start_);
  }

  ScriptedKey key_;
  std::mt19937_64 random_;
  const int64_t start_;
  SetIfNewerTwin twin_;
  std::vector<Version> tokens_;
};

TEST_F(LeaseTwin, ScriptsDoAsTheTwinDoes) {
  for (int i = 0; i < kSteps && !HasFatalFailure(); ++i) {
    if (OneIn(4)) Write();
    Lease(i);
    Check(i);
    if (OneIn(6)) Fill();
    if (HasFatalFailure()) return;
    const std::optional<SetIfNewerTwin::Held>& held = twin_.held();
    const bool is_held = held && (held->ends_ms == 0 || held->ends_ms > key_.NowMs());
    ASSERT_EQ(key_.Exists(), is_held) << "step " << i;
    if (!is_held) continue;
    ASSERT_EQ(key_.Value(), held->bytes) << "step " << i;
    ASSERT_EQ(key_.End(), held->ends_ms == 0 ? -1 : held->ends_ms) << "step " << i;
  }
}

}  // namespace
}  // namespace kache
