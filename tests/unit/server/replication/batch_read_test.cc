// Which keys of a batch are read together, and what becomes of the others.
#include "server/replication/batch_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Version kVersion{1000, 7};

// Gives each key's result to an answer of its own.
class AnswerEach final : public BatchReadSink {
 public:
  explicit AnswerEach(const std::vector<testing::Answer<ReadResult>>& answers) {
    for (testing::Answer<ReadResult> answer : answers) callbacks_.push_back(answer.Callback());
  }
  void Take(size_t index, absl::StatusOr<ReadResult> result) override {
    if (result.ok()) room_bytes_ -= std::min<uint64_t>(room_bytes_, result->value.size());
    callbacks_.at(index)(std::move(result));
  }
  uint64_t room_bytes() const override { return room_bytes_; }
  void set_room_bytes(uint64_t bytes) { room_bytes_ = bytes; }

 private:
  std::vector<ReadCallback> callbacks_;
  uint64_t room_bytes_ = UINT64_MAX;
};

class BatchReadTest : public testing::ShardFixture {
 protected:
  static redis::Reply Value(std::string_view value) { return Held({kVersion, 0, false, value}); }
  static redis::Reply Array(std::vector<redis::Reply> elements) {
    return {redis::Reply::Type::kArray, 0, {}, std::move(elements)};
  }

  // Reads `count` keys ("k0", "k1", ...) that all have the token of the fixture's key.
  std::vector<testing::Answer<ReadResult>> Read(size_t count,
                                                absl::Duration time_left = kDeadline) {
    std::vector<testing::Answer<ReadResult>> answers(count);
    sink_.emplace(answers);
    sink_->set_room_bytes(room_bytes_);
    std::vector<BatchRead::Read> reads;
    keys_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      keys_.push_back("k" + std::to_string(i));
      reads.push_back({keys_.back(), kToken, i});
    }
    const MonotonicTime deadline = clock().Monotonic() + absl::ToChronoMicroseconds(time_left);
    (new BatchRead(shard(), std::move(reads), deadline, *sink_))->Run();
    return answers;
  }

  std::vector<std::string> keys_;
  std::optional<AnswerEach> sink_;
  uint64_t room_bytes_ = UINT64_MAX;
};

TEST_F(BatchReadTest, AsksANodeForAllItsKeysAtOnce) {
  Start();
  const auto answers = Read(3);
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_THAT(node(0).sent().at(0).arguments,
              ElementsAre("MGET", "kache:d:k0", "kache:d:k1", "kache:d:k2"));
  node(0).Answer(Array({Value("zero"), redis::Reply::Nil(), Value("two")}));
  ASSERT_TRUE(answers[0].ok());
  EXPECT_EQ(answers[0]->value, "zero");
  EXPECT_EQ(answers[0]->receipt.version, kVersion);
  EXPECT_EQ(answers[0]->receipt.acknowledged, 1u);
  EXPECT_EQ(answers[0]->receipt.node, NodeId(0));
  EXPECT_FALSE(answers[0]->receipt.degraded);
  EXPECT_FALSE(answers[1]->found);
  EXPECT_EQ(answers[1]->receipt.node, NodeId(0));
  EXPECT_EQ(answers[2]->value, "two");
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(BatchReadTest, AsksForABoundedNumberAtOnce) {
  Start();
  const auto answers = Read(BatchRead::kMaxKeysPerCommand + 1);
  EXPECT_THAT(Asked(), ElementsAre(0, 0));
  EXPECT_EQ(node(0).sent().at(0).arguments.size(), 1 + BatchRead::kMaxKeysPerCommand);
  EXPECT_EQ(node(0).sent().at(1).arguments.size(), 2u);
}

TEST_F(BatchReadTest, AsksForFewerWhereValuesAreLarge) {
  ReplicationOptions options;
  options.keys_per_read = 2;
  Start(5, options);
  const auto answers = Read(5);
  ASSERT_THAT(Asked(), ElementsAre(0, 0, 0));
  EXPECT_EQ(node(0).sent().at(0).arguments.size(), 3u);
  EXPECT_EQ(node(0).sent().at(2).arguments.size(), 2u);
}

TEST_F(BatchReadTest, AsksForNoMoreLargeValuesThanThereIsRoomFor) {
  Start();
  shard().portion().OnTooMuch();
  room_bytes_ = 5 * ReadPortion::kBytes / 2;
  const auto answers = Read(5);
  ASSERT_THAT(Asked(), ElementsAre(0, 0)) << "of one key each";
  node(0).Answer(Array({redis::Reply::Nil()}));
  ASSERT_THAT(Asked(), ElementsAre(0));
  sink_->set_room_bytes(0);
  node(0).Answer(Array({redis::Reply::Nil()}));
  node(0).Answer(Array({Value("v")}));
  EXPECT_THAT(Asked(), IsEmpty());
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(answers[i].ok());
  for (size_t i = 3; i < 5; ++i) {
    EXPECT_EQ(answers[i].status().code(), absl::StatusCode::kOutOfRange);
  }
}

TEST_F(BatchReadTest, AlwaysBeginsWithOneCommand) {
  Start();
  shard().portion().OnTooMuch();
  room_bytes_ = 0;
  const auto answers = Read(2);
  ASSERT_THAT(Asked(), ElementsAre(0));
  node(0).Answer(Array({Value("v")}));
  EXPECT_TRUE(answers[0].ok());
  EXPECT_EQ(answers[1].status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(BatchReadTest, ReadsKeysAloneWhoseFirstHomeReplicaIsNotUp) {
  Start();
  MakeDown(0);
  const auto answers = Read(2);
  EXPECT_THAT(Asked(), ElementsAre(1, 1));
  EXPECT_THAT(node(1).sent().at(0).arguments, ElementsAre("GET", "kache:d:k0"));
  node(1).Answer(Value("v"));
  node(1).Answer(Value("v"));
  EXPECT_TRUE(answers[0]->receipt.degraded);
  EXPECT_TRUE(answers[1]->receipt.degraded);
}

TEST_F(BatchReadTest, ReadsKeysAloneAfterATimeout) {
  Start();
  const auto answers = Read(2);
  EXPECT_EQ(node(0).sent().at(0).timeout, options().try_timeout);
  node(0).Fail(absl::DeadlineExceededError("late"));
  EXPECT_EQ(metrics().read_failures.timeout.Value(), 1);
  EXPECT_THAT(Asked(), ElementsAre(0, 0, 0));
  EXPECT_THAT(node(0).sent().at(1).arguments, ElementsAre("GET", "kache:d:k0"));
  node(0).Answer(Value("v"));
  node(0).Answer(Value("v"));
  EXPECT_EQ(answers[1]->value, "v");
}

TEST_F(BatchReadTest, ReadsKeysAloneAfterALostConnection) {
  Start();
  const auto answers = Read(1);
  node(0).Disconnect();
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  node(1).Answer(Value("v"));
  EXPECT_EQ(answers[0]->value, "v");
}

TEST_F(BatchReadTest, ReadsKeysAloneAfterAnErrorReply) {
  Start();
  const auto answers = Read(1);
  node(0).Answer(redis::Reply::Error("ERR no such command"));
  EXPECT_THAT(Asked(), ElementsAre(0, 0));
  node(0).Answer(Value("v"));
  EXPECT_TRUE(answers[0].ok());
}

TEST_F(BatchReadTest, RefusesOnlyTheRecordOfANewerFormat) {
  Start();
  const auto answers = Read(2);
  redis::Reply newer = Value("v");
  newer.text[2] = 99;  // the format
  node(0).Answer(Array({newer, Value("v")}));
  EXPECT_EQ(answers[0].code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(answers[1].ok());
}

TEST_F(BatchReadTest, IsTooLateAfterTheDeadline) {
  Start();
  const auto answers = Read(2, absl::ZeroDuration());
  EXPECT_EQ(answers[0].code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(answers[1].code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Asked(), IsEmpty());
}

}  // namespace
}  // namespace kache
