// No fill is ever stale: leases, fills, puts and deletes on the twins of three nodes, in virtual
// time. Commands are late, copies are missed, clocks are behind, and coordinators stand still
// between any two steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/replication/lease.h"
#include "tests/testing/lease_twin.h"
#include "tests/testing/seed.h"

namespace kache {
namespace {

using testing::SetIfNewerTwin;
using Held = SetIfNewerTwin::Held;

constexpr int kRounds = 300;
constexpr int64_t kStartMs = 2'000'000'000'000;
// As the settings have it by default.
constexpr int64_t kSkewMs = 5000;
constexpr int64_t kWriteTimeoutMs = 1000;
constexpr int64_t kCopyMs = 5000;             // kLongestCopy
constexpr int64_t kLeastMs = kCopyMs + 4000;  // LeastKeptMs
constexpr int64_t kMaxWriteAgeMs = 600'000;
constexpr int64_t kTombstoneMs = 3'600'000;
constexpr uint32_t kNodeId = 7;

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (int64_t& behind : clock_behind_ms_) behind = OneIn(3) ? 3000 : 0;
    for (int64_t i = Upto(35); i >= -5; --i) {
      After(OneIn(3) ? Upto(2000) : Upto(300'000), [this] { OneIn(3) ? Put() : Ask(); });
    }
    for (int i = 0; i < 60; ++i) After(Upto(700'000), [this] { Look(); });
  }
  // Whether no fill was read that was older than a write acknowledged before.
  bool Run() {
    while (!events_.empty() && !is_stale_) {
      auto event = events_.extract(events_.begin());
      now_ms_ = event.key().first;
      event.mapped()();
    }
    return !is_stale_;
  }

 private:
  bool OneIn(uint64_t count) { return random_() % count == 0; }
  int64_t Upto(int64_t most) {
    return 1 + static_cast<int64_t>(random_() % static_cast<uint64_t>(most));
  }
  int64_t Delay() { return OneIn(4) ? Upto(4500) : OneIn(2) ? Upto(300) : Upto(5); }
  void After(int64_t ms, std::function<void()> event) {
    events_.emplace(std::pair(now_ms_ + ms, ++events_made_), std::move(event));
  }

  std::optional<Record> HeldBy(size_t node) {
    std::optional<Held>& held = nodes_[node];
    if (held && held->ends_ms != 0 && held->ends_ms <= now_ms_) held.reset();
    if (!held) return std::nullopt;
    return DecodeRecord(held->bytes).record;
  }
  // As set-if-newer, `latest` too. What is newer, where that is held.
  std::optional<Version> Store(size_t node, const std::string& bytes, int64_t latest_ms) {
    const Record record = DecodeRecord(bytes).record;
    const std::optional<Record> held = HeldBy(node);
    if ((!held || held->version.IsZero()) && now_ms_ > latest_ms) return std::nullopt;
    SetIfNewerTwin twin;
    twin.Hold(nodes_[node]);
    const auto newer = twin.Apply(bytes, record.expires_at_ms, record.tombstone ? 0 : kTombstoneMs,
                                  now_ms_, kLeastMs);
    nodes_[node] = twin.held();
    return newer;
  }
  // `answered`: what the first node said.
  void SendToAll(const std::string& bytes, int64_t latest_ms,
                 std::function<void(std::optional<Version>)> answered) {
    for (size_t node = 0; node < nodes_.size(); ++node) {
      if (node > 0 && OneIn(10)) {
        After(kCopyMs, [this, bytes] { KeepForMissed(bytes); });
        continue;
      }
      After(Delay(), [this, node, bytes, latest_ms, answered] {
        const auto newer = Store(node, bytes, latest_ms);
        if (node == 0) answered(newer);
      });
    }
  }
  // As LeaveHints does.
  void KeepForMissed(const std::string& bytes) {
    const Record record = DecodeRecord(bytes).record;
    if (record.tombstone || record.expires_at_ms == 0) return;
    const int64_t until_ms = record.expires_at_ms + kTombstoneMs / 2 + kMaxWriteAgeMs;
    for (size_t node = 0; node < nodes_.size(); ++node) {
      const std::optional<Record> held = HeldBy(node);
      if (!held || held->version != record.version || nodes_[node]->ends_ms == 0) continue;
      nodes_[node]->ends_ms = std::max(nodes_[node]->ends_ms, until_ms);
    }
  }

  // The application writes its database, then the cache.
  void Put() {
    const int64_t row = ++row_;
    const int64_t clock_ms = now_ms_ - clock_behind_ms_[random_() % 3];
    Record record{{static_cast<uint64_t>(clock_ms) << 16, ++clocks_ << 16}, 0, OneIn(3), {}};
    const std::string value = "put" + std::to_string(row);
    if (!record.tombstone) record.value = value;
    constexpr int64_t kLives[] = {0, 1, 50, 500, 3000, 20'000};
    const int64_t life_ms = record.tombstone ? kTombstoneMs : kLives[random_() % 6];
    if (life_ms != 0) record.expires_at_ms = now_ms_ + life_ms;
    SendWrite(EncodeRecord(record), row, 0);
  }
  // One that is refused as older is stamped above what is held, while its caller waits.
  void SendWrite(std::string bytes, int64_t row, int attempt) {
    const Version version = DecodeRecord(bytes).record.version;
    SendToAll(bytes, MillisOf(version.timestamp) + kMaxWriteAgeMs,
              [this, bytes, row, attempt](std::optional<Version> newer) {
                if (!newer) {
                  acknowledged_ = std::max(acknowledged_, row);
                } else if (attempt < 5) {
                  Record again = DecodeRecord(bytes).record;
                  again.version.timestamp =
                      std::max(newer->timestamp + 1, static_cast<uint64_t>(now_ms_ - 3000) << 16);
                  SendWrite(EncodeRecord(again), row, attempt + 1);
                }
              });
  }

  void Ask() {
    LeaseTerms terms;
    terms.floor = {static_cast<uint64_t>(now_ms_ - kSkewMs) << 16, ++clocks_ << 16};
    constexpr int64_t kLeases[] = {200, 5000, 60'000, 300'000};
    terms.lease_ms = kLeases[random_() % 4];
    terms.latest_ms = now_ms_ + kMaxWriteAgeMs;
    terms.node_id = kNodeId;
    terms.asker = ++askers_;
    After(Delay(), [this, terms] {
      HeldBy(0);
      const std::string answer = testing::ApplyLease(terms, now_ms_, &nodes_[0]);
      const auto lease = DecodeLeaseAnswer(answer);
      if (lease->said == LeaseSaid::kGiven) Query(lease->token);
    });
  }
  // The database is asked, and its answer is slow.
  void Query(const Version& token) {
    After(Upto(100), [this, token] {
      const int64_t row = row_;
      After(OneIn(2) ? Upto(100) : Upto(200'000), [this, token, row] { Fill(token, row); });
    });
  }
  void Fill(const Version& token, int64_t row) {
    After(Delay(), [this, token, row] {
      HeldBy(0);
      if (!testing::CheckLeaseOf(token, kNodeId, now_ms_, nodes_[0]).stands) return;
      const int64_t latest_ms = now_ms_ + kWriteTimeoutMs;
      const int64_t frozen_ms = OneIn(3) ? Upto(100'000) : 1;
      After(frozen_ms, [this, token, row, latest_ms] {
        const std::string value = "fill" + std::to_string(row);
        Record record{token, OneIn(3) ? 0 : now_ms_ + Upto(100'000), false, value};
        SendToAll(EncodeStamped(&record), latest_ms, [](std::optional<Version>) {});
      });
    });
  }

  // At ONE, or as the newest of all nodes.
  void Look() {
    std::optional<Record> found = HeldBy(0);
    for (size_t node = 1; node < nodes_.size() && OneIn(2); ++node) {
      const std::optional<Record> other = HeldBy(node);
      if (other && (!found || other->version > found->version)) found = other;
    }
    if (!found || found->tombstone || found->ExpiredAt(now_ms_)) return;
    if (found->value.substr(0, 4) != "fill") return;
    is_stale_ = std::stoll(std::string(found->value.substr(4))) < acknowledged_;
  }

  std::mt19937_64 random_;
  int64_t now_ms_ = kStartMs;
  uint64_t events_made_ = 0;
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> events_;
  std::vector<std::optional<Held>> nodes_ = std::vector<std::optional<Held>>(3);
  int64_t clock_behind_ms_[3] = {};
  uint64_t clocks_ = 0;
  uint64_t askers_ = 0;
  int64_t row_ = 0;           // the database's newest
  int64_t acknowledged_ = 0;  // the newest whose write to the cache was acknowledged
  bool is_stale_ = false;
};

TEST(Lease, NoFillIsEverStale) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(World(random()).Run()) << "round " << round;
  }
}

}  // namespace
}  // namespace kache
