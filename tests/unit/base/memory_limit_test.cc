#include "base/memory_limit.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/testing/cgroup_test.h"

namespace kache {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class MemoryLimitTest : public CgroupTest {
 protected:
  std::optional<uint64_t> Limit(const std::string& membership) const {
    return CgroupMemoryLimit(CgroupFolders(membership, root(), "memory"));
  }
};

TEST_F(MemoryLimitTest, ReadsTheLimitOfVersion2) {
  Write("/memory.max", "268435456\n");
  EXPECT_EQ(Limit("0::/\n"), 256 * kMiB);
}

TEST_F(MemoryLimitTest, ReadsTheLimitOfVersion1) {
  Write("/memory/memory.limit_in_bytes", "536870912\n");
  EXPECT_EQ(Limit("5:devices:/\n4:memory:/\n0::/\n"), 512 * kMiB);
}

TEST_F(MemoryLimitTest, FindsNoLimitWhereThereIsNone) {
  EXPECT_EQ(Limit("0::/\n"), std::nullopt);
  EXPECT_EQ(Limit(""), std::nullopt);
  Write("/memory.max", "max\n");
  Write("/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Limit("4:memory:/\n0::/\n"), std::nullopt);
}

TEST_F(MemoryLimitTest, TakesTheLowestLimitOnTheWayToTheRoot) {
  Write("/memory/kubepods/memory.limit_in_bytes", "1073741824\n");
  Write("/memory/kubepods/pod1/memory.limit_in_bytes", "268435456\n");
  Write("/memory/kubepods/pod1/gateway/memory.limit_in_bytes", "536870912\n");
  EXPECT_EQ(Limit("4:memory:/kubepods/pod1/gateway\n"), 256 * kMiB);
}

// The membership names the host's path, of which a container sees the last part only, as the root.
TEST_F(MemoryLimitTest, PassesPathsThatAreNotMounted) {
  Write("/memory.max", "134217728\n");
  EXPECT_EQ(Limit("0::/docker/0123456789abcdef\n"), 128 * kMiB);
}

TEST_F(MemoryLimitTest, SurvivesNonsense) {
  for (const char* text : {"", "abc", "-1", "0", "99999999999999999999999999"}) {
    Write("/memory.max", text);
    EXPECT_EQ(Limit("0::/\n:::\nx\n0:\n"), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace kache
