#include "server/cluster/pace_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache {
namespace {

using ::testing::ElementsAre;

constexpr NodePace kNormal = NodePace::kNormal;
constexpr NodePace kSlow = NodePace::kSlow;
constexpr NodePace kOutlier = NodePace::kOutlier;

class PaceWatchTest : public ::testing::Test {
 protected:
  void Ping(size_t node, int ms, size_t times = PaceWatch::kPings) {
    for (size_t i = 0; i < times; ++i) {
      watch_.OnPing(NodeId(static_cast<uint16_t>(node)), absl::Milliseconds(ms));
    }
  }
  PaceWatch watch_{4, absl::Milliseconds(100)};
};

TEST_F(PaceWatchTest, NothingIsSlowBeforeItWasMeasured) {
  Ping(0, 500);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kNormal, kNormal, kNormal));
}

TEST_F(PaceWatchTest, OneThatIsSeveralTimesSlowerIsSlow) {
  for (size_t i = 0; i < 4; ++i) Ping(i, 2);
  Ping(1, 30);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kSlow, kNormal, kNormal));
  Ping(1, 2, 1);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kNormal, kNormal, kNormal));
}

TEST_F(PaceWatchTest, OneThatEveryReadWouldWaitForIsAnOutlier) {
  for (size_t i = 0; i < 4; ++i) Ping(i, 2);
  Ping(1, 150);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kOutlier, kNormal, kNormal));
  watch_.Forget(NodeId(1));
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kNormal, kNormal, kNormal));
}

TEST_F(PaceWatchTest, OneHeldUpOnceIsNotSlow) {
  for (size_t i = 0; i < 4; ++i) Ping(i, 2);
  Ping(1, 900, PaceWatch::kPings - 1);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kNormal, kNormal, kNormal));
}

TEST_F(PaceWatchTest, WhereAllAreSlowNoneIs) {
  for (size_t i = 0; i < 4; ++i) Ping(i, 300);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kNormal, kNormal, kNormal));
}

TEST_F(PaceWatchTest, OutliersAreCapped) {
  for (size_t i = 0; i < 4; ++i) Ping(i, 1);
  Ping(1, 150);
  EXPECT_THAT(watch_.Judge(), ElementsAre(kNormal, kOutlier, kNormal, kNormal));
  PaceWatch seven(7, absl::Milliseconds(100));
  for (uint16_t node = 0; node < 7; ++node) {
    for (size_t i = 0; i < PaceWatch::kPings; ++i) {
      seven.OnPing(NodeId(node), absl::Milliseconds(node < 3 ? 150 : 1));
    }
  }
  EXPECT_THAT(seven.Judge(),
              ElementsAre(kOutlier, kOutlier, kSlow, kNormal, kNormal, kNormal, kNormal));
}

}  // namespace
}  // namespace kache
