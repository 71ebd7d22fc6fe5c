#include "base/memory_sum.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(MemorySum, IsToldWithItsParts) {
  MemorySum sum;
  EXPECT_EQ(sum.bytes(), 0u);
  sum.Add("the process", 28 * kMiB);
  sum.Add("MAX_HTTP_BUFFER_BYTES", 64 * kMiB + kMiB / 2);
  EXPECT_EQ(sum.bytes(), 92 * kMiB + kMiB / 2);
  EXPECT_EQ(sum.Text(), "the process 28.0 MiB + MAX_HTTP_BUFFER_BYTES 64.5 MiB = 92.5 MiB");
}

}  // namespace
}  // namespace kache
