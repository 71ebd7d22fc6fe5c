#include "server/cluster/cluster_clock.h"

#include "gtest/gtest.h"
#include "tests/testing/fake_clock.h"

namespace kache {
namespace {

class ClusterClockTest : public ::testing::Test {
 protected:
  // `ahead`: how far each node's clock is ahead of true time, which our wall clock shows unless
  // set.
  void Start(std::vector<absl::Duration> ahead) {
    ahead_ = std::move(ahead);
    clock_.emplace(own_, ahead_.size(), absl::Seconds(5));
  }
  absl::Time True() const { return own_.Now() - own_off_; }
  void SetOwn(absl::Duration off) {
    own_.SetWallBy(off);
    own_off_ += off;
  }
  void Ask(size_t node, absl::Duration round_trip = absl::ZeroDuration()) {
    const MonotonicTime sent = own_.Monotonic();
    own_.Advance(round_trip / 2);
    const absl::Time told = True() + ahead_[node];
    own_.Advance(round_trip / 2);
    clock_->OnNodeTime(NodeId(static_cast<uint16_t>(node)), sent, own_.Monotonic(), told);
  }
  void AskAll() {
    for (size_t i = 0; i < ahead_.size(); ++i) Ask(i);
  }
  absl::Duration Off() const { return clock_->Now() - True(); }
  const ClusterClock::NodeClock& Node(size_t node) const {
    return clock_->node_clock(NodeId(static_cast<uint16_t>(node)));
  }

  testing::FakeClock own_;
  absl::Duration own_off_;
  std::vector<absl::Duration> ahead_;
  std::optional<ClusterClock> clock_;
};

constexpr absl::Duration kNone = absl::ZeroDuration();

TEST_F(ClusterClockTest, IsOursUntilANodeHasToldItsTime) {
  SetOwn(absl::Minutes(3));
  Start({kNone});
  EXPECT_EQ(Off(), absl::Minutes(3));
}

TEST_F(ClusterClockTest, IsTheNodesTimeWhateverOurClockSays) {
  SetOwn(-absl::Minutes(10));
  Start({kNone, kNone, kNone, kNone});
  AskAll();
  EXPECT_EQ(Off(), kNone);
  own_.Advance(absl::Hours(1));
  EXPECT_EQ(Off(), kNone);
}

TEST_F(ClusterClockTest, OutvotesOneNode) {
  Start({absl::Minutes(10), kNone, kNone, kNone});
  AskAll();
  EXPECT_EQ(Off(), kNone);
  EXPECT_TRUE(Node(0).skewed);
  EXPECT_EQ(Node(0).offset, absl::Minutes(10));
  EXPECT_FALSE(Node(1).skewed);
}

TEST_F(ClusterClockTest, OutvotesOneOfTwoNodesByOurOwnClock) {
  Start({kNone, -absl::Minutes(10)});
  AskAll();
  EXPECT_EQ(Off(), kNone);
  EXPECT_TRUE(Node(1).skewed);
}

TEST_F(ClusterClockTest, FollowsOneNodeAlone) {
  Start({absl::Minutes(10)});
  AskAll();
  EXPECT_EQ(Off(), absl::Minutes(10));
  EXPECT_FALSE(Node(0).skewed);
}

TEST_F(ClusterClockTest, AddsANodesOffsetOnlyWhereItMatters) {
  Start({kNone, absl::Milliseconds(49), absl::Milliseconds(-51), absl::Seconds(3), kNone});
  AskAll();
  EXPECT_EQ(Node(1).applied, kNone);
  EXPECT_EQ(Node(2).applied, absl::Milliseconds(-51));
  EXPECT_EQ(Node(3).applied, absl::Seconds(3));
  EXPECT_FALSE(Node(3).skewed);
  ahead_[3] += absl::Milliseconds(4);
  Ask(3);
  EXPECT_EQ(Node(3).applied, absl::Seconds(3));  // not for each millisecond
}

TEST_F(ClusterClockTest, TakesASkewedNodeBackOnlyWhenItIsWellWithin) {
  Start({kNone, kNone, absl::Seconds(6)});
  AskAll();
  EXPECT_TRUE(Node(2).skewed);
  ahead_[2] = absl::Milliseconds(4900);
  Ask(2);
  EXPECT_TRUE(Node(2).skewed);
  ahead_[2] = absl::Milliseconds(4400);
  Ask(2);
  EXPECT_FALSE(Node(2).skewed);
}

TEST_F(ClusterClockTest, DoubtsInFavourOfANodeThatAnswersSlowly) {
  Start({kNone, kNone, absl::Milliseconds(5400)});
  Ask(0);
  Ask(1);
  Ask(2, absl::Seconds(1));
  EXPECT_FALSE(Node(2).skewed);
}

TEST_F(ClusterClockTest, SlewsForwardOnceItServes) {
  Start({kNone, kNone, kNone});
  AskAll();
  clock_->Serve();
  ahead_.assign(3, absl::Milliseconds(500));
  AskAll();
  EXPECT_EQ(Off(), kNone);
  own_.Advance(absl::Milliseconds(2500));
  EXPECT_EQ(Off(), absl::Milliseconds(250));
  own_.Advance(absl::Milliseconds(2500));
  EXPECT_EQ(Off(), absl::Milliseconds(500));
  own_.Advance(absl::Seconds(10));
  EXPECT_EQ(Off(), absl::Milliseconds(500));
}

TEST_F(ClusterClockTest, GoesBackInNoStepWhileItIsSlewed) {
  Start({kNone, kNone, kNone});
  AskAll();
  clock_->Serve();
  ahead_.assign(3, -absl::Milliseconds(500));
  AskAll();
  absl::Time before = clock_->Now();
  for (int i = 0; i < 5000; ++i) {
    own_.Advance(absl::Microseconds(101));
    EXPECT_GT(clock_->Now(), before);
    before = clock_->Now();
  }
}

TEST_F(ClusterClockTest, IsNotLedAwayByTheFewThatCanBeReached) {
  Start({absl::Hours(1), kNone, kNone, kNone});
  Ask(0);
  Ask(1);
  EXPECT_EQ(Off(), kNone);
  EXPECT_FALSE(Node(0).skewed);  // It may be our clock that is wrong.
  EXPECT_EQ(Node(0).applied, absl::Hours(1));
  AskAll();
  EXPECT_TRUE(Node(0).skewed);
  clock_->Serve();
  own_.Advance(absl::Minutes(10));
  Ask(0);
  EXPECT_EQ(Off(), kNone);
  EXPECT_TRUE(Node(0).skewed);
}

// A coordinator that started with a wrong clock while most nodes were out of reach.
TEST_F(ClusterClockTest, FollowsTheFirstMedianAlsoWhereThatIsFarBack) {
  Start({-absl::Hours(1), -absl::Hours(1), -absl::Hours(1)});
  Ask(0);
  clock_->Serve();
  EXPECT_EQ(Off(), kNone);
  AskAll();
  EXPECT_EQ(Off(), -absl::Hours(1));
}

TEST_F(ClusterClockTest, OneOfTwoNodesAloneDecidesNothing) {
  Start({absl::Hours(1), kNone});
  AskAll();
  clock_->Serve();
  own_.Advance(absl::Minutes(10));
  Ask(0);
  EXPECT_EQ(Off(), kNone);
}

TEST_F(ClusterClockTest, NeverGoesBackOnceItServes) {
  Start({absl::Minutes(1), absl::Minutes(1), absl::Minutes(1)});
  AskAll();
  clock_->Serve();
  ahead_ = {kNone, kNone, kNone};
  absl::Time before = clock_->Now();
  for (int second = 0; second < 130; ++second) {
    AskAll();
    own_.Advance(absl::Seconds(1));
    EXPECT_GT(clock_->Now(), before);
    before = clock_->Now();
  }
  EXPECT_LT(absl::AbsDuration(Off()), absl::Milliseconds(10));
}

// The monotonic clock stands still while a virtual machine is paused.
TEST_F(ClusterClockTest, LeapsForwardAfterThisMachineStoodStill) {
  Start({kNone, kNone, kNone});
  AskAll();
  clock_->Serve();
  ahead_ = {absl::Hours(2), absl::Hours(2), absl::Hours(2)};
  AskAll();
  EXPECT_EQ(Off(), absl::Hours(2));
}

TEST_F(ClusterClockTest, KeepsTheVoteOfANodeThatIsAwayForAMinute) {
  Start({kNone, kNone, absl::Seconds(3), absl::Seconds(3)});
  AskAll();
  own_.Advance(absl::Minutes(1));
  for (const size_t node : {1, 2, 3}) Ask(node);
  EXPECT_EQ(Off(), kNone);
}

}  // namespace
}  // namespace kache
