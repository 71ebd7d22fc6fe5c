#include "server/recovery/lease.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "tests/testing/recovery_fixture.h"

namespace kache {
namespace {

class LeaseTest : public testing::RecoveryFixture {
 protected:
  void Take() {
    TakeLease(context(), Id(0), "lease", [this](bool has_it) { has_it_ = has_it; });
  }

  std::optional<bool> has_it_;
};

TEST_F(LeaseTest, IsTakenInTheCoordinatorsNameForItsLife) {
  Take();
  EXPECT_EQ(LastSent(0).script, &LeaseScript());
  EXPECT_EQ(LastSent(0).arguments,
            (std::vector<std::string>{"EVALSHA", LeaseScript().sha1, "1", "lease", kSelfText,
                                      std::to_string(absl::ToInt64Milliseconds(kLeaseLife))}));
}

TEST_F(LeaseTest, IsHadOrNotByTheNodesWord) {
  Take();
  node(0).Answer(redis::Reply::Integer(1));
  EXPECT_EQ(has_it_, true);
  Take();
  node(0).Answer(redis::Reply::Integer(0));
  EXPECT_EQ(has_it_, false);
}

// The process stood still meanwhile.
TEST_F(LeaseTest, AnAnswerThatIsReadAfterItsLifeGivesNone) {
  Take();
  clock_.Advance(kLeaseLife);
  node(0).Answer(redis::Reply::Integer(1));
  EXPECT_EQ(has_it_, false);
}

// It may well be kept, then.
TEST_F(LeaseTest, ANodeThatDoesNotAnswerSaysNothing) {
  Take();
  node(0).Fail(absl::DeadlineExceededError("no reply in time"));
  EXPECT_FALSE(has_it_.has_value());
  EXPECT_FALSE(Status(0).refuses_writes);
}

TEST_F(LeaseTest, ANodeThatRefusesItTakesNoWrites) {
  Take();
  node(0).Answer(redis::Reply::Error("OOM command not allowed when used memory > 'maxmemory'."));
  EXPECT_FALSE(has_it_.has_value());
  EXPECT_TRUE(Status(0).refuses_writes);
  EXPECT_EQ(Status(0).reason, "oom");
}

TEST_F(LeaseTest, IsGivenBackByALifeOfZero) {
  GiveLeaseBack(context(), Id(0), "lease");
  EXPECT_EQ(LastSent(0).arguments, (std::vector<std::string>{"EVALSHA", LeaseScript().sha1, "1",
                                                             "lease", kSelfText, "0"}));
  node(0).Answer(redis::Reply::Integer(0));
}

// A reply may come in between, and one renewal be lost.
TEST_F(LeaseTest, OutlivesSeveralRenewalsThatAreLost) {
  EXPECT_GE(kLeaseLife, 3 * kLeaseKept + 2 * RecoveryContext::kTimeout);
}

}  // namespace
}  // namespace kache
