#include "client/bench/cpu_time.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace kache::bench {
namespace {

// What /proc counts in.
constexpr absl::Duration kCoarse = absl::Milliseconds(30);

absl::Duration UserTime() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime);
}

TEST(CpuTime, CountsUserAndSystemTimeOfAProcess) {
  const absl::Duration enough = UserTime() + absl::Milliseconds(200);
  while (UserTime() < enough) {
    for (volatile int spins = 0; spins < 100000;) spins = spins + 1;
  }
  const absl::Duration before = OwnCpuTime();
  const auto counted = CpuTimeOf(getpid());
  const absl::Duration after = OwnCpuTime();
  ASSERT_TRUE(counted.has_value());
  EXPECT_GE(*counted, before - kCoarse);
  EXPECT_LE(*counted, after + kCoarse);
}

TEST(CpuTime, KnowsNothingOfAMissingProcess) { EXPECT_FALSE(CpuTimeOf(-1).has_value()); }

}  // namespace
}  // namespace kache::bench
