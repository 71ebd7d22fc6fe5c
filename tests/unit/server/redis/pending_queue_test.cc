#include "server/redis/pending_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "tests/testing/seed.h"

namespace kache::redis {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart{std::chrono::hours(1)};

class PendingQueueTest : public ::testing::Test {
 protected:
  void Push(int id, int deadline_ms) {
    PendingCommand command;
    command.done = [this, id](absl::StatusOr<Reply>) { called_.push_back(id); };
    command.deadline = kStart + milliseconds(deadline_ms);
    command.bytes = 10;
    queue_.Push(std::move(command));
  }
  std::vector<int> TimedOutAt(int ms) {
    std::vector<ReplyCallback> timed_out;
    queue_.TakeTimedOut(kStart + milliseconds(ms), timed_out);
    called_.clear();
    for (ReplyCallback& done : timed_out) done(Reply::Nil());
    return called_;
  }

  PendingQueue queue_;
  std::vector<int> called_;
};

TEST_F(PendingQueueTest, CountsItsBytes) {
  Push(1, 5);
  Push(2, 5);
  EXPECT_EQ(queue_.bytes(), 20u);
  queue_.PopFront();
  EXPECT_EQ(queue_.bytes(), 10u);
  queue_.PopFront();
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 0u);
}

TEST_F(PendingQueueTest, LeavesTimedOutCommandsInTheirPlace) {
  Push(1, 30);
  Push(2, 10);
  Push(3, 20);
  EXPECT_EQ(TimedOutAt(9), std::vector<int>{});
  EXPECT_EQ(TimedOutAt(10), std::vector<int>{2});
  EXPECT_EQ(TimedOutAt(30), (std::vector<int>{1, 3}));
  EXPECT_EQ(TimedOutAt(1000), std::vector<int>{});
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_FALSE(queue_.Front().done);
  EXPECT_EQ(queue_.bytes(), 30u);
}

TEST_F(PendingQueueTest, NoticesAnEarlierDeadlineThatComesLater) {
  Push(1, 1000);
  EXPECT_EQ(TimedOutAt(500), std::vector<int>{});
  Push(2, 600);
  EXPECT_EQ(TimedOutAt(700), std::vector<int>{2});
  EXPECT_EQ(TimedOutAt(1000), std::vector<int>{1});
}

TEST_F(PendingQueueTest, KeepsCommandsWithoutACallback) {
  queue_.Push(PendingCommand(PendingCommand::Kind::kPing));
  EXPECT_EQ(TimedOutAt(1 << 30), std::vector<int>{});
  EXPECT_EQ(queue_.size(), 1u);
}

TEST_F(PendingQueueTest, StaysInOrderWhateverComesAndGoes) {
  std::mt19937_64 random(TestSeed());
  std::deque<int> expected;
  int next = 0;
  for (int round = 0; round < 200; ++round) {
    for (size_t i = random() % 2000; i > 0; --i) {
      expected.push_back(next);
      Push(next++, 1000);
    }
    for (size_t i = random() % 2200; i > 0 && !expected.empty(); --i) {
      called_.clear();
      queue_.Front().done(Reply::Nil());
      queue_.PopFront();
      ASSERT_EQ(called_, std::vector<int>{expected.front()});
      expected.pop_front();
    }
    ASSERT_EQ(queue_.size(), expected.size());
  }
}

}  // namespace
}  // namespace kache::redis
