// Newest wins, whatever the network does: replicas that get the same writes in any order, some of
// them several times, end up with the same record, the one with the highest version.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/testing/seed.h"
#include "tests/testing/set_if_newer_twin.h"

namespace kache {
namespace {

using testing::SetIfNewerTwin;

constexpr int kRounds = 2000;
constexpr int64_t kNowMs = 2'000'000'000'000;
constexpr int64_t kHour = 3'600'000;

struct Message {
  Version version;
  std::string record;
  int64_t ends_ms = 0;
  int64_t grace_ms = 0;
};

// Versions are dense, so that many share a timestamp; no two are alike, as coordinators see to.
std::vector<Message> RandomMessages(std::mt19937_64& random) {
  std::vector<Version> versions;
  for (uint64_t timestamp = 1; timestamp <= 6; ++timestamp) {
    for (uint64_t coordinator = 1; coordinator <= 3; ++coordinator) {
      versions.push_back({timestamp, coordinator});
    }
  }
  std::ranges::shuffle(versions, random);
  versions.resize(1 + random() % versions.size());
  std::vector<Message> messages;
  for (const Version& version : versions) {
    const bool tombstone = random() % 4 == 0;
    // Nothing ends while the messages travel.
    const int64_t ends = tombstone || random() % 2 == 0
                             ? kNowMs + kHour * static_cast<int64_t>(1 + random() % 3)
                             : 0;
    messages.push_back(
        {version, EncodeRecord({version, ends, tombstone, "v"}), ends, tombstone ? 0 : kHour});
  }
  return messages;
}

// Delivers each message at least once, in a random order with repetitions. Checks on the way that
// a replica never goes back, and refuses exactly what is older than what it holds.
void DeliverAll(SetIfNewerTwin& replica, const std::vector<Message>& messages,
                std::mt19937_64& random) {
  std::vector<const Message*> deliveries;
  for (const Message& message : messages) {
    deliveries.insert(deliveries.end(), 1 + random() % 3, &message);
  }
  std::ranges::shuffle(deliveries, random);
  Version held;
  for (const Message* message : deliveries) {
    const auto refused =
        replica.Apply(message->record, message->ends_ms, message->grace_ms, kNowMs);
    ASSERT_EQ(refused.has_value(), message->version < held);
    if (refused) {
      ASSERT_EQ(*refused, held);
    }
    held = std::max(held, message->version);
    ASSERT_EQ(DecodeRecord(replica.held()->bytes).record.version, held);
  }
}

TEST(NewestWins, ReplicasConvergeInWhateverOrderTheWritesCome) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Message> messages = RandomMessages(random);
    std::vector<SetIfNewerTwin> replicas(1 + random() % 5);
    for (SetIfNewerTwin& replica : replicas) {
      ASSERT_NO_FATAL_FAILURE(DeliverAll(replica, messages, random)) << "round " << round;
    }
    const auto newest = std::ranges::max_element(messages, {}, &Message::version);
    for (const SetIfNewerTwin& replica : replicas) {
      ASSERT_EQ(replica.held()->bytes, newest->record) << "round " << round;
    }
  }
}

// A node that stands in for a key may become its home before or after it is given the copy that
// stays.
TEST(NewestWins, AHomeReplicasCopyStaysInWhateverOrderTheStandInsComes) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Message> messages = RandomMessages(random);
    std::vector<Message> copies = messages;
    for (const Message& message : messages) {
      copies.push_back({message.version, WithStandInFlag(message.record, true), kNowMs + kHour, 0});
    }
    SetIfNewerTwin replica;
    ASSERT_NO_FATAL_FAILURE(DeliverAll(replica, copies, random)) << "round " << round;
    const auto newest = std::ranges::max_element(messages, {}, &Message::version);
    ASSERT_EQ(replica.held()->bytes, newest->record) << "round " << round;
  }
}

// The key must live as long as anything that the record beats elsewhere, or as the grace demands.
TEST(NewestWins, ARecordOutlivesWhatItReplaced) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < kRounds; ++round) {
    SetIfNewerTwin replica;
    const auto end_of = [](int64_t ends_ms) { return ends_ms == 0 ? INT64_MAX : ends_ms; };
    const std::vector<Message> messages = RandomMessages(random);
    for (const Message& message : messages) {
      const auto before = replica.held();
      const auto refused = replica.Apply(message.record, message.ends_ms, message.grace_ms, kNowMs);
      if (refused) continue;
      const int64_t end = end_of(replica.held()->ends_ms);
      ASSERT_GE(end, end_of(message.ends_ms)) << "round " << round;
      if (!before || message.ends_ms == 0) continue;
      ASSERT_GE(end, std::min(end_of(before->ends_ms), message.ends_ms + message.grace_ms));
    }
  }
}

}  // namespace
}  // namespace kache
