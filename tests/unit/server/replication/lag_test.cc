#include "server/replication/lag.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "server/bookkeeping/marker.h"
#include "server/redis/command.h"
#include "server/redis/pending_queue.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"

namespace kache {
namespace {

constexpr size_t kShare = 1200;

TEST(Lag, IsWhatWaitsBeyondTheUnansweredBytes) {
  EXPECT_EQ(LagOf(0, 0), 0u);
  EXPECT_EQ(LagOf(700, 0), 700u);
  EXPECT_EQ(LagOf(700, 600), 100u);
  EXPECT_EQ(LagOf(700, 900), 0u);
}

TEST(Lag, OneSlowNodeTakesHalfOfTheShare) {
  EXPECT_TRUE(MayLagFurther(std::vector<size_t>{600, 0, 0}, 0, 0, kShare));
  EXPECT_FALSE(MayLagFurther(std::vector<size_t>{601, 0, 0}, 0, 0, kShare));
}

TEST(Lag, TheOtherNodesMayLagForAMomentMeanwhile) {
  EXPECT_TRUE(MayLagFurther(std::vector<size_t>{601, 0, 299}, 2, 0, kShare));
  EXPECT_FALSE(MayLagFurther(std::vector<size_t>{601, 0, 300}, 2, 0, kShare));
}

TEST(Lag, OfAllNodesTogetherStaysWithinTheShare) {
  EXPECT_TRUE(MayLagFurther(std::vector<size_t>{300, 300, 300}, 1, 0, kShare));
  EXPECT_FALSE(MayLagFurther(std::vector<size_t>{301, 301, 301}, 1, 0, kShare));
}

TEST(Lag, WhatNobodyHasAnsweredYetIsNoLag) {
  EXPECT_TRUE(MayLagFurther(std::vector<size_t>{9000, 9000, 9000}, 0, 9000, kShare));
  EXPECT_FALSE(MayLagFurther(std::vector<size_t>{9601, 9000, 9000}, 0, 9000, kShare));
}

TEST(Lag, ACommandTakesNoMoreBesideItsKeyAndValue) {
  const std::string key(1000, 'k');
  const std::string value(1000, 'v');
  const std::string whole = WholeMarker(0, "", "");
  const auto command = redis::Command::Call(
      SetIfNewer(), {"kache:d:" + key, "kache:m:marker"},
      {EncodeRecord({Version(), 0, false, value}), EncodeTerms({.whole = RingPartOf(whole)})});
  EXPECT_LE(command.wire().size() + redis::PendingQueue::kSlotBytes,
            key.size() + value.size() + kCommandBytes);
}

}  // namespace
}  // namespace kache
