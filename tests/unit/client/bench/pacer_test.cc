#include "client/bench/pacer.h"

#include <gtest/gtest.h>

namespace kache::bench {
namespace {

using std::chrono::milliseconds;

const Instant kStart = Instant() + std::chrono::hours(1);
const Instant kEnd = kStart + milliseconds(1000);

TEST(Pacer, OfAClosedLoopIsAlwaysDueUntilTheEnd) {
  Pacer pacer(kStart, kEnd, 0);
  EXPECT_EQ(pacer.Due(kStart), kStart);
  for (int i = 0; i < 10; ++i) pacer.OnStart();
  EXPECT_EQ(pacer.Due(kStart + milliseconds(3)), kStart + milliseconds(3));
  EXPECT_FALSE(pacer.Ended(kEnd - milliseconds(1)));
  EXPECT_TRUE(pacer.Ended(kEnd));
  EXPECT_EQ(pacer.NeverStarted(), 0u);
}

TEST(Pacer, OfAnOpenLoopIsDueAtFixedInstantsWhateverTheTime) {
  Pacer pacer(kStart, kEnd, 100);
  EXPECT_EQ(pacer.Due(kStart), kStart);
  pacer.OnStart();
  EXPECT_EQ(pacer.Due(kStart), kStart + milliseconds(10));
  EXPECT_EQ(pacer.Due(kStart + milliseconds(500)), kStart + milliseconds(10))
      << "what is late is measured from when it was due";
}

TEST(Pacer, CountsWhatItCouldNotStart) {
  Pacer pacer(kStart, kEnd, 100);
  for (int i = 0; i < 60; ++i) pacer.OnStart();
  EXPECT_FALSE(pacer.Ended(kEnd - milliseconds(1)));
  EXPECT_TRUE(pacer.Ended(kEnd));
  EXPECT_EQ(pacer.NeverStarted(), 40u);
  for (int i = 0; i < 40; ++i) pacer.OnStart();
  EXPECT_TRUE(pacer.Ended(kStart)) << "all have been started";
  EXPECT_EQ(pacer.NeverStarted(), 0u);
}

}  // namespace
}  // namespace kache::bench
