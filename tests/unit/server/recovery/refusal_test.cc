#include "server/recovery/refusal.h"

#include <gtest/gtest.h>

#include "tests/testing/captured_log.h"
#include "tests/testing/recovery_fixture.h"

namespace kache {
namespace {

class RefusalTest : public testing::RecoveryFixture {
 protected:
  void Note(absl::StatusOr<redis::Reply> reply) {
    NoteRefusal(context(), Id(1), "a lease could not be taken", reply);
    Refresh();
  }

  testing::CapturedLog log_;
};

TEST_F(RefusalTest, AnAnswerThatIsNoErrorIsNone) {
  Note(redis::Reply::Nil());
  Note(redis::Reply::Integer(0));
  EXPECT_EQ(log_.Count("could not"), 0u);
  EXPECT_FALSE(Status(1).refuses_writes);
}

TEST_F(RefusalTest, ANodeIsLeftAloneWithTheReasonThatItGives) {
  Note(redis::Reply::Error("READONLY You can't write against a read only replica."));
  EXPECT_EQ(Status(1).state, NodeState::kSyncing);
  EXPECT_EQ(Status(1).reason, "read_only");
  EXPECT_FALSE(Status(1).takes_writes);
  EXPECT_EQ(Status(0).state, NodeState::kUp);
}

TEST_F(RefusalTest, AnErrorThatIsNotKnownIsARefusalToo) {
  Note(redis::Reply::Error("NOREPLICAS Not enough good replicas to write."));
  EXPECT_EQ(Status(1).state, NodeState::kSyncing);
  EXPECT_EQ(Status(1).reason, "no_replicas");
}

TEST_F(RefusalTest, IsLoggedOnceForManyAttempts) {
  for (int i = 0; i < 20; ++i) {
    Note(redis::Reply::Error("MISCONF Redis is configured to save RDB snapshots"));
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(log_.Count("a lease could not be taken node=b"), 1u);
  EXPECT_EQ(log_.Count("the node refuses writes node=b"), 1u);
  EXPECT_EQ(log_.Count("MISCONF"), 2u);
}

TEST_F(RefusalTest, IsLoggedAgainOnceTheNodeHadTakenWritesInBetween) {
  Note(redis::Reply::Error("OOM command not allowed"));
  monitor_.OnWriteAccepted(Id(1));
  Refresh();
  Note(redis::Reply::Error("OOM command not allowed"));
  EXPECT_EQ(log_.Count("a lease could not be taken"), 2u);
}

// It says nothing of what the node takes.
TEST_F(RefusalTest, ANodeThatDoesNotAnswerIsLoggedOnly) {
  Note(absl::UnavailableError("the connection was lost"));
  EXPECT_EQ(log_.Count("the connection was lost"), 1u);
  EXPECT_FALSE(Status(1).refuses_writes);
}

}  // namespace
}  // namespace kache
