#include "base/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <optional>
#include <string>

#include "tests/testing/cgroup_test.h"

namespace kache {
namespace {

class CpuQuota : public CgroupTest {
 protected:
  std::optional<double> Quota(const std::string& membership) const {
    return CgroupCpuQuota(CgroupFolders(membership, root(), "cpu"));
  }
};

TEST_F(CpuQuota, ReadsTheQuotaOfVersion2) {
  Write("/cpu.max", "150000 100000\n");
  EXPECT_EQ(Quota("0::/\n"), 1.5);
}

TEST_F(CpuQuota, ReadsTheQuotaOfVersion1) {
  Write("/cpu/cpu.cfs_quota_us", "400000\n");
  Write("/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Quota("3:cpuset:/\n1:cpu,cpuacct:/\n0::/\n"), 4);
}

TEST_F(CpuQuota, FindsNoQuotaWhereThereIsNone) {
  EXPECT_EQ(Quota("0::/\n"), std::nullopt);
  EXPECT_EQ(Quota(""), std::nullopt);
  Write("/cpu.max", "max 100000\n");
  Write("/cpu/cpu.cfs_quota_us", "-1\n");
  Write("/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Quota("1:cpu:/\n0::/\n"), std::nullopt);
}

TEST_F(CpuQuota, TakesTheSmallestQuotaOnTheWayToTheRoot) {
  Write("/kubepods/cpu.max", "100000 100000\n");
  Write("/kubepods/pod1/cpu.max", "300000 100000\n");
  Write("/kubepods/pod1/server/cpu.max", "max 100000\n");
  EXPECT_EQ(Quota("0::/kubepods/pod1/server\n"), 1);
}

// The membership names the host's path, of which a container sees the last part only, as the root.
TEST_F(CpuQuota, PassesPathsThatAreNotMounted) {
  Write("/cpu.max", "200000 100000\n");
  EXPECT_EQ(Quota("0::/docker/0123456789abcdef\n"), 2);
  EXPECT_EQ(Quota("0::/../../other\n"), 2);
}

TEST_F(CpuQuota, SurvivesNonsense) {
  Write("/cpu.max", "abc");
  EXPECT_EQ(Quota("0::/\n:::\nx\n0:\n"), std::nullopt);
  Write("/cpu.max", "100000 0");
  EXPECT_EQ(Quota("0::/\n"), std::nullopt);
  Write("/cpu.max", "100000");
  EXPECT_EQ(Quota("0::/\n"), std::nullopt);
}

TEST(AvailableCpus, IsAtLeastOneAndAtMostThoseOfTheProcess) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_GE(AvailableCpus(), 1u);
  EXPECT_LE(AvailableCpus(), static_cast<unsigned>(CPU_COUNT(&set)));

  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) {
      CPU_SET(cpu, &one);
      break;
    }
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(AvailableCpus(), 1u);
  EXPECT_EQ(DefaultThreads(), 1u);
  ASSERT_EQ(sched_setaffinity(0, sizeof set, &set), 0);
}

}  // namespace
}  // namespace kache
