#include "server/cluster/health_tracker.h"

#include <gtest/gtest.h>

#include "tests/testing/standings.h"

namespace kache {
namespace {

constexpr absl::Time kStart = absl::FromUnixSeconds(1000);

class HealthTrackerTest : public ::testing::Test {
 protected:
  void Pass(absl::Duration time) { now_ += time; }
  void Connect(size_t shard = 0, const std::string& run_id = "run") {
    tracker_.Connected(shard, run_id, "7.0.15", now_);
    FindWhole();
  }
  // Checked, and found whole.
  void FindWhole() { tracker_.Checked(testing::WholeStanding(tracker_.status()), now_); }
  void Find(Standing::Verdict verdict, const std::string& reason) {
    Standing standing = testing::WholeStanding(tracker_.status());
    standing.verdict = verdict;
    standing.reason = reason;
    tracker_.Checked(standing, now_);
  }
  void Drop(const std::string& reason, size_t shard = 0) { tracker_.Down(shard, reason, now_); }
  void Refuse(const std::string& reason = "oom") { tracker_.WriteRefused(reason, now_); }
  void Reach(ProcessAgreement agreement) { tracker_.ReachesProcesses(agreement, 1, "a,b", now_); }
  void Accept() { tracker_.WriteAccepted(now_); }
  void Tick() { tracker_.Tick(now_); }
  void UseShards(size_t shards) { tracker_ = HealthTracker(shards, now_); }

  NodeState state() const { return tracker_.status().state; }
  std::string reason() const { return tracker_.status().reason; }
  bool takes_writes() const { return tracker_.status().takes_writes; }
  absl::Time since() const { return tracker_.status().since; }
  // How long the node is left alone after the refusal that was just told.
  absl::Duration MeasureBackoff() {
    absl::Duration waited;
    for (; !takes_writes() && waited < absl::Seconds(60); waited += absl::Milliseconds(100)) {
      Pass(absl::Milliseconds(100));
      Tick();
    }
    return waited;
  }

  absl::Time now_ = kStart;
  HealthTracker tracker_{1, kStart};
};

TEST_F(HealthTrackerTest, IsDownUntilConnected) {
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "connecting");
  EXPECT_FALSE(takes_writes());
  EXPECT_EQ(since(), kStart);
  EXPECT_FALSE(tracker_.status().Usable());
}

TEST_F(HealthTrackerTest, IsAmnesicUntilItIsCheckedAndBehindWithWhatItMissed) {
  EXPECT_EQ(tracker_.status().doubt, Doubt::kAmnesic);
  tracker_.Connected(0, "run", "7.0.15", now_);
  Standing standing = testing::WholeStanding(tracker_.status());
  standing.doubt = Doubt::kNone;
  tracker_.Checked(standing, now_);
  EXPECT_EQ(tracker_.status().doubt, Doubt::kNone);
  tracker_.WriteMissed(now_);
  EXPECT_EQ(tracker_.status().doubt, Doubt::kBehind);
  standing.doubt = Doubt::kAmnesic;
  tracker_.Checked(standing, now_);
  EXPECT_EQ(tracker_.status().doubt, Doubt::kAmnesic);
  Drop("connection_lost");
  EXPECT_EQ(tracker_.status().doubt, Doubt::kAmnesic);
}

TEST_F(HealthTrackerTest, IsUpOnceConnected) {
  Pass(absl::Seconds(1));
  Connect();
  EXPECT_EQ(state(), NodeState::kUp);
  EXPECT_EQ(reason(), "ok");
  EXPECT_TRUE(takes_writes());
  EXPECT_EQ(since(), kStart + absl::Seconds(1));
  EXPECT_EQ(tracker_.status().run_id, "run");
  EXPECT_EQ(tracker_.status().version, "7.0.15");
}

TEST_F(HealthTrackerTest, IsUpOnlyWhenEveryShardIsConnected) {
  UseShards(3);
  Connect(0);
  Connect(2);
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "connecting");
  Connect(1);
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, IsDownWhenOneShardLosesItsConnection) {
  UseShards(2);
  Connect(0);
  Connect(1);
  Drop("unresponsive", 1);
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "unresponsive");
  EXPECT_FALSE(takes_writes());
  Connect(0);  // That of shard 1 is still missing.
  EXPECT_EQ(state(), NodeState::kDown);
  Connect(1);
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, TellsTheNewestReasonForBeingDown) {
  Drop("connection_refused");
  EXPECT_EQ(reason(), "connection_refused");
  Drop("loading");
  EXPECT_EQ(reason(), "loading");
}

TEST_F(HealthTrackerTest, KeepsTheTimeOfTheStateWhenOnlyTheReasonChanges) {
  Pass(absl::Seconds(5));
  Drop("connection_refused");
  Pass(absl::Seconds(5));
  Drop("loading");
  EXPECT_EQ(since(), kStart);
  Pass(absl::Seconds(5));
  Connect();
  EXPECT_EQ(since(), kStart + absl::Seconds(15));
  Pass(absl::Seconds(5));
  FindWhole();
  Tick();
  EXPECT_EQ(since(), kStart + absl::Seconds(15));
}

TEST_F(HealthTrackerTest, IsSyncingAfterARefusedWrite) {
  Connect();
  Pass(absl::Seconds(1));
  Refuse("misconf");
  EXPECT_EQ(state(), NodeState::kSyncing);
  EXPECT_EQ(reason(), "misconf");
  EXPECT_FALSE(takes_writes());
  EXPECT_TRUE(tracker_.status().Usable());
  EXPECT_EQ(since(), kStart + absl::Seconds(1));
}

TEST_F(HealthTrackerTest, TakesWritesAgainAfterItsBackoff) {
  Connect();
  Refuse();
  Pass(HealthTracker::kRefusalBackoffMin - absl::Milliseconds(1));
  Tick();
  EXPECT_FALSE(takes_writes());
  Pass(absl::Milliseconds(1));
  Tick();
  EXPECT_TRUE(takes_writes());
  EXPECT_EQ(state(), NodeState::kSyncing);  // until a write proves it
}

TEST_F(HealthTrackerTest, IsUpAfterAnAcceptedWrite) {
  Connect();
  Refuse();
  Pass(HealthTracker::kRefusalBackoffMin);
  Tick();
  Accept();
  EXPECT_EQ(state(), NodeState::kUp);
  EXPECT_EQ(reason(), "ok");
  EXPECT_TRUE(takes_writes());
}

TEST_F(HealthTrackerTest, IsNotUsedBeforeItWasChecked) {
  tracker_.Connected(0, "run", "7.0.15", now_);
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "checking");
  FindWhole();
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, IsSyncingWhileInDoubt) {
  Connect();
  Find(Standing::Verdict::kInDoubt, "no_marker");
  EXPECT_EQ(state(), NodeState::kSyncing);
  EXPECT_EQ(reason(), "no_marker");
  EXPECT_TRUE(takes_writes());
}

TEST_F(HealthTrackerTest, IsDownWhileExcluded) {
  Connect();
  Find(Standing::Verdict::kExcluded, "ring_mismatch");
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "ring_mismatch");
  EXPECT_FALSE(takes_writes());
}

TEST_F(HealthTrackerTest, IsSyncingFromANewConnectionToItsCheck) {
  Connect();
  const Standing before = testing::WholeStanding(tracker_.status());
  Drop("connection_lost");
  tracker_.Connected(0, "run", "7.0.15", now_);
  EXPECT_EQ(state(), NodeState::kSyncing);
  EXPECT_EQ(reason(), "checking");
  EXPECT_TRUE(takes_writes());
  tracker_.Checked(before, now_);  // a check that was begun before proves nothing
  EXPECT_EQ(reason(), "checking");
  FindWhole();
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, ACheckOfAnotherProcessProvesNothing) {
  Connect();
  Standing other = testing::WholeStanding(tracker_.status());
  other.run_id = "another";
  tracker_.Checked(other, now_);
  EXPECT_EQ(state(), NodeState::kSyncing);
  EXPECT_EQ(reason(), "checking");
}

TEST_F(HealthTrackerTest, IsSyncingFromAMissedWriteUntilThatIsResolved) {
  Connect();
  EXPECT_EQ(tracker_.WriteMissed(now_), 1u);
  EXPECT_EQ(state(), NodeState::kSyncing);
  EXPECT_EQ(reason(), "missed_writes");
  Standing standing = testing::WholeStanding(tracker_.status());
  Pass(absl::Seconds(2));
  EXPECT_EQ(tracker_.WriteMissed(now_), 2u);
  EXPECT_EQ(tracker_.status().missed_since, kStart);  // the first that is not resolved
  tracker_.Checked(standing, now_);                   // resolves the first only
  EXPECT_EQ(state(), NodeState::kSyncing);
  FindWhole();
  EXPECT_EQ(state(), NodeState::kUp);
  EXPECT_EQ(tracker_.status().resolved, 2u);
}

TEST_F(HealthTrackerTest, AcceptedWritesSayNothingWhereNoneWasRefused) {
  Accept();
  EXPECT_EQ(state(), NodeState::kDown);
  Connect();
  Accept();
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, DoublesItsBackoffUpToALimit) {
  Connect();
  absl::Duration expected = HealthTracker::kRefusalBackoffMin;
  for (int i = 0; i < 8; ++i) {
    Refuse();
    EXPECT_EQ(MeasureBackoff(), std::min(expected, HealthTracker::kRefusalBackoffMax)) << i;
    expected *= 2;
  }
}

TEST_F(HealthTrackerTest, StartsItsBackoffOverAfterAnAcceptedWrite) {
  Connect();
  for (int i = 0; i < 4; ++i) {
    Refuse();
    MeasureBackoff();
  }
  Accept();
  Refuse();
  EXPECT_EQ(MeasureBackoff(), HealthTracker::kRefusalBackoffMin);
}

TEST_F(HealthTrackerTest, RefusalsDuringTheBackoffChangeNothing) {
  Connect();
  Refuse("oom");
  for (int i = 0; i < 100; ++i) Refuse("read_only");  // They were under way.
  EXPECT_EQ(reason(), "oom");
  EXPECT_EQ(MeasureBackoff(), HealthTracker::kRefusalBackoffMin);
  Refuse("read_only");
  EXPECT_EQ(reason(), "read_only");
}

TEST_F(HealthTrackerTest, AnotherProcessStartsWithoutTheRefusal) {
  Connect(0, "run-1");
  Refuse();
  Drop("connection_lost");
  EXPECT_EQ(state(), NodeState::kDown);
  Connect(0, "run-2");
  EXPECT_EQ(state(), NodeState::kUp);
  EXPECT_TRUE(takes_writes());
  EXPECT_EQ(tracker_.status().run_id, "run-2");
  Refuse();
  EXPECT_EQ(MeasureBackoff(), HealthTracker::kRefusalBackoffMin);
}

TEST_F(HealthTrackerTest, TheSameProcessKeepsTheRefusal) {
  Connect();
  Refuse();
  Drop("connection_lost");
  Connect();
  EXPECT_EQ(state(), NodeState::kSyncing);
  EXPECT_EQ(reason(), "oom");
  EXPECT_FALSE(takes_writes());
}

TEST_F(HealthTrackerTest, ADuplicateIsNotUsed) {
  Connect();
  tracker_.DuplicateOf("cache-a", now_);
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "duplicate_of:cache-a");
  EXPECT_FALSE(takes_writes());
  Drop("connection_lost");
  Connect();
  EXPECT_EQ(reason(), "duplicate_of:cache-a");
  tracker_.DuplicateOf("", now_);
  FindWhole();
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, ANodeOfSeveralProcessesIsNotUsed) {
  UseShards(2);
  Connect(0);
  Connect(1);
  Reach(ProcessAgreement::kUnsettled);
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "process_changed");
  EXPECT_FALSE(tracker_.status().connected);
  Reach(ProcessAgreement::kSeveral);
  EXPECT_EQ(state(), NodeState::kDown);
  EXPECT_EQ(reason(), "several_processes");
  EXPECT_FALSE(tracker_.status().connected);
  EXPECT_EQ(tracker_.status().reached, "a,b");
  Reach(ProcessAgreement::kOne);
  FindWhole();
  EXPECT_EQ(state(), NodeState::kUp);
}

TEST_F(HealthTrackerTest, SaysSeveralProcessesWhileItsConnectionsAreMadeAnew) {
  UseShards(2);
  Connect(0);
  Connect(1);
  Reach(ProcessAgreement::kSeveral);
  Drop("several_processes", 0);
  Drop("several_processes", 1);
  EXPECT_EQ(reason(), "several_processes");
  Connect(0);
  Drop("connection_lost", 1);
  EXPECT_EQ(reason(), "several_processes");
  Drop("connection_refused", 0);
  EXPECT_EQ(reason(), "connection_refused") << "nobody is there any more";
}

TEST_F(HealthTrackerTest, TheEarliestTimeThatItMayLackWritesSinceCounts) {
  Connect();
  Pass(absl::Seconds(60));
  EXPECT_EQ(tracker_.WriteMissed(now_), 1u);
  EXPECT_EQ(tracker_.MayLackWrites(kStart, now_), 2u);
  EXPECT_EQ(tracker_.status().missed_since, kStart);
  EXPECT_EQ(tracker_.MayLackWrites(now_, now_), 3u);
  EXPECT_EQ(tracker_.status().missed_since, kStart);
  EXPECT_EQ(reason(), "missed_writes");
}

TEST_F(HealthTrackerTest, ItsConnectionsAreTriedOnceEachShardTriedOne) {
  UseShards(2);
  Connect(0);
  EXPECT_FALSE(tracker_.status().connections_tried);
  Drop("connection_refused", 1);
  EXPECT_TRUE(tracker_.status().connections_tried);
}

TEST_F(HealthTrackerTest, IsDoubtedSinceTheEarliestDoubt) {
  EXPECT_EQ(tracker_.status().doubted_since, absl::InfinitePast());
  Connect();
  EXPECT_EQ(tracker_.status().doubted_since, absl::InfiniteFuture());
  tracker_.WriteMissed(now_);
  EXPECT_EQ(tracker_.status().doubted_since, now_);
  Standing standing = testing::WholeStanding(tracker_.status());
  standing.resolved = 0;
  standing.doubted_since = now_ - absl::Hours(1);
  tracker_.Checked(standing, now_);
  EXPECT_EQ(tracker_.status().doubted_since, now_ - absl::Hours(1));
  // A new connection: since when is not known before it is checked.
  Drop("connection_lost");
  tracker_.Connected(0, "run", "7.0.15", now_);
  EXPECT_EQ(tracker_.status().doubted_since, absl::InfinitePast());
}

TEST_F(HealthTrackerTest, KeepsItsReasonWhileConnectionsAreMadeAnewForOthersSake) {
  UseShards(2);
  Connect(0);
  Connect(1);
  Find(Standing::Verdict::kExcluded, kSeveralProcesses);
  EXPECT_EQ(reason(), kSeveralProcesses);
  Drop(kProcessChanged, 0);
  EXPECT_EQ(reason(), kSeveralProcesses);
  Drop(kProcessChanged, 1);
  EXPECT_EQ(reason(), kSeveralProcesses);
  Drop("connection_refused", 0);
  EXPECT_EQ(reason(), "connection_refused");
}

}  // namespace
}  // namespace kache
