#include "client/ctl/replica_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::ElementsAre;
using Replica = v1::Replica;

// A key with `home` home replicas; a server for each Hold.
class Place {
 public:
  explicit Place(uint32_t home) { place_.set_home_replicas(home); }
  Place& Hold(Replica::Content content, uint64_t version = 0) {
    Replica* const replica = place_.add_replicas();
    replica->set_content(content);
    if (version > 0) replica->mutable_version()->set_timestamp(version);
    return *this;
  }
  ReplicaCheck Check() const { return CheckReplicas(place_); }

 private:
  v1::LocateResponse place_;
};

TEST(CheckReplicas, AllAgree) {
  const ReplicaCheck check = Place(2)
                                 .Hold(Replica::CONTENT_VALUE, 5)
                                 .Hold(Replica::CONTENT_VALUE, 5)
                                 .Hold(Replica::CONTENT_NONE)
                                 .Check();
  EXPECT_THAT(check.verdicts, ElementsAre(Verdict::kNewest, Verdict::kNewest, Verdict::kEmpty));
  EXPECT_EQ(check.newest.timestamp(), 5u);
  EXPECT_EQ(check.agreeing, 2u);
  EXPECT_EQ(check.diverging, 0u);
}

TEST(CheckReplicas, OlderAndMissingHomeReplicasDiverge) {
  const ReplicaCheck check = Place(3)
                                 .Hold(Replica::CONTENT_VALUE, 5)
                                 .Hold(Replica::CONTENT_VALUE, 4)
                                 .Hold(Replica::CONTENT_NONE)
                                 .Check();
  EXPECT_THAT(check.verdicts, ElementsAre(Verdict::kNewest, Verdict::kOlder, Verdict::kMissing));
  EXPECT_EQ(check.diverging, 2u);
}

TEST(CheckReplicas, AStandInCopyMayBeTheNewest) {
  const ReplicaCheck check = Place(2)
                                 .Hold(Replica::CONTENT_UNKNOWN)
                                 .Hold(Replica::CONTENT_VALUE, 5)
                                 .Hold(Replica::CONTENT_VALUE, 5)
                                 .Check();
  EXPECT_THAT(check.verdicts, ElementsAre(Verdict::kUnknown, Verdict::kNewest, Verdict::kStandIn));
  EXPECT_EQ(check.unknown, 1u);
  EXPECT_EQ(check.diverging, 0u);
}

TEST(CheckReplicas, WhoLacksADeleteLacksNothing) {
  const ReplicaCheck check =
      Place(2).Hold(Replica::CONTENT_TOMBSTONE, 5).Hold(Replica::CONTENT_NONE).Check();
  EXPECT_EQ(check.agreeing, 2u);
}

TEST(CheckReplicas, WhoKeepsWhatWasDeletedIsOlder) {
  const ReplicaCheck check =
      Place(2).Hold(Replica::CONTENT_VALUE, 4).Hold(Replica::CONTENT_TOMBSTONE, 5).Check();
  EXPECT_THAT(check.verdicts, ElementsAre(Verdict::kOlder, Verdict::kNewest));
}

TEST(CheckReplicas, ForeignValuesAreNotReadable) {
  const ReplicaCheck check = Place(1).Hold(Replica::CONTENT_FOREIGN).Check();
  EXPECT_THAT(check.verdicts, ElementsAre(Verdict::kUnusable));
  EXPECT_EQ(check.diverging, 1u);
  EXPECT_EQ(check.newest.timestamp(), 0u);
}

}  // namespace
}  // namespace kache::ctl
