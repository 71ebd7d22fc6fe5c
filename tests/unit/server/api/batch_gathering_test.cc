#include "server/api/batch_gathering.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kache {
namespace {

const HashRing kRing({"cache-a", "cache-b"}, 1);

class CountingAnswer final : public Answer {
 public:
  CountingAnswer() { ring_ = &kRing; }
  void Finish(absl::Status status) override {
    EXPECT_TRUE(status.ok()) << status;
    ++finished;
  }
  bool Admits(size_t bytes) override {
    if (admitted + bytes > room) return false;
    admitted += bytes;
    return true;
  }
  int finished = 0;
  size_t room = SIZE_MAX;
  size_t admitted = 0;
};

absl::StatusOr<ReadResult> Found(std::string value) {
  return ReadResult{.found = true, .value = std::move(value), .ttl_ms = 0, .receipt = {}};
}

class ReadGatheringTest : public ::testing::Test {
 protected:
  void Expect(size_t keys, size_t max_bytes = 1000) {
    auto* gathering = new ReadGathering(keys, max_bytes, response_, answer_);
    for (size_t i = 0; i < keys; ++i) slots_.push_back(gathering->Slot(i));
  }
  bool IsLeftOut(int index) const {
    const v1::Error& error = response_.results(index).error();
    return error.code() == 11 && error.reason() == "ANSWER_FULL" && error.retry_after_ms() == 0;
  }

  CountingAnswer answer_;
  v1::BatchGetResponse response_;
  std::vector<ReadCallback> slots_;
};

TEST_F(ReadGatheringTest, AnswersInRequestOrderOnceAllCame) {
  Expect(3);
  slots_[2](Found("c"));
  slots_[0](Found("a"));
  EXPECT_EQ(answer_.finished, 0);
  slots_[1](ReadResult{});
  ASSERT_EQ(answer_.finished, 1);
  ASSERT_EQ(response_.results_size(), 3);
  EXPECT_EQ(response_.results(0).response().value(), "a");
  EXPECT_FALSE(response_.results(1).response().found());
  EXPECT_EQ(response_.results(2).response().value(), "c");
}

TEST_F(ReadGatheringTest, DropsWhatTheAnswerDoesNotAdmit) {
  answer_.room = 100'000;
  Expect(3, /*max_bytes=*/1'000'000);
  slots_[0](Found(std::string(60'000, 'a')));
  slots_[1](Found(std::string(60'000, 'b')));
  slots_[2](Found("c"));
  ASSERT_EQ(answer_.finished, 1);
  EXPECT_EQ(response_.results(0).response().value().size(), 60'000u);
  EXPECT_EQ(response_.results(1).error().code(), 8);
  EXPECT_GT(response_.results(1).error().retry_after_ms(), 0);
  EXPECT_EQ(response_.results(2).response().value(), "c") << "what was dropped makes room";
}

TEST_F(ReadGatheringTest, HasManySmallValuesAdmittedTogether) {
  Expect(100, /*max_bytes=*/1'000'000);
  for (ReadCallback& slot : slots_) slot(Found(std::string(100, 'v')));
  EXPECT_EQ(answer_.admitted, size_t{16} << 10);
}

TEST_F(ReadGatheringTest, NamesTheNodeThatAnsweredEachKey) {
  Expect(2);
  ReadResult found = *Found("a");
  found.receipt.node = NodeId(1);
  slots_[0](found);
  found.receipt.node = NodeId(0);
  slots_[1](found);
  EXPECT_EQ(response_.results(0).response().receipt().node_id(), WireNodeId("cache-b"));
  EXPECT_EQ(response_.results(1).response().receipt().node_id(), WireNodeId("cache-a"));
}

TEST_F(ReadGatheringTest, GivesEachKeyItsOwnError) {
  Expect(2);
  slots_[0](absl::UnavailableError("no replica"));
  slots_[1](Found("b"));
  EXPECT_EQ(answer_.finished, 1);
  EXPECT_EQ(response_.results(0).error().code(), 14);
  EXPECT_EQ(response_.results(0).error().message(), "no replica");
  EXPECT_EQ(response_.results(1).response().value(), "b");
}

TEST_F(ReadGatheringTest, StopsFillingAtTheLimit) {
  Expect(4, 10);
  slots_[0](Found(std::string(6, 'a')));
  slots_[1](Found(std::string(5, 'b')));  // 11 together
  slots_[2](Found(std::string(4, 'c')));  // 10 together
  slots_[3](Found("d"));
  EXPECT_EQ(response_.results(0).response().value().size(), 6u);
  EXPECT_TRUE(IsLeftOut(1));
  EXPECT_NE(response_.results(1).error().message().find("MAX_BATCH_BYTES (10)"), std::string::npos);
  EXPECT_EQ(response_.results(2).response().value().size(), 4u);
  EXPECT_TRUE(IsLeftOut(3));
}

TEST_F(ReadGatheringTest, AKeyThatAFullQueueRefusedIsAnotherMatter) {
  Expect(1, 10);
  slots_[0](absl::ResourceExhaustedError("the node's queue is full"));
  EXPECT_EQ(response_.results(0).error().code(), 8);
  EXPECT_EQ(response_.results(0).error().reason(), "");
  EXPECT_GT(response_.results(0).error().retry_after_ms(), 0);
}

TEST_F(ReadGatheringTest, AlwaysFitsTheFirstValue) {
  Expect(2, 10);
  slots_[1](Found(std::string(50, 'b')));
  slots_[0](Found("a"));
  EXPECT_EQ(response_.results(1).response().value().size(), 50u);
  EXPECT_TRUE(IsLeftOut(0));
}

TEST_F(ReadGatheringTest, FitsMissesWhenFull) {
  Expect(2, 10);
  slots_[0](Found(std::string(10, 'a')));
  slots_[1](ReadResult{});
  EXPECT_TRUE(response_.results(1).has_response());
}

TEST_F(ReadGatheringTest, GathersFromManyThreads) {
  constexpr size_t kKeys = 1000;
  constexpr size_t kThreads = 4;
  Expect(kKeys, kKeys * 10);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (size_t i = t; i < kKeys; i += kThreads) slots_[i](Found(std::to_string(i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(answer_.finished, 1);
  for (size_t i = 0; i < kKeys; ++i) {
    ASSERT_EQ(response_.results(static_cast<int>(i)).response().value(), std::to_string(i));
  }
}

TEST(WriteGathering, AnswersInRequestOrderWithErrors) {
  CountingAnswer answer;
  v1::BatchPutResponse response;
  auto* gathering = new WriteGathering(2, *response.mutable_results(), answer);
  WriteCallback first = gathering->Slot(0);
  WriteCallback second = gathering->Slot(1);
  Receipt receipt;
  receipt.acknowledged = 2;
  second(receipt);
  EXPECT_EQ(answer.finished, 0);
  first(absl::DeadlineExceededError("late"));
  ASSERT_EQ(answer.finished, 1);
  EXPECT_EQ(response.results(0).error().code(), 4);
  EXPECT_EQ(response.results(1).receipt().acknowledged(), 2u);
}

}  // namespace
}  // namespace kache
