#include "gateway/memory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/testing/deployed_limits.h"

namespace kache::gateway {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

GatewayBounds Fitted(uint64_t limit, GatewayBounds bounds = {}, GatewayBoundsSet set = {}) {
  FitBounds(limit, set, &bounds);
  return bounds;
}

TEST(GatewayMemory, DefaultsFitEveryLimitThatIsNotTiny) {
  for (uint64_t limit = 128 * kMiB; limit < 4096 * kMiB; limit += 16 * kMiB) {
    for (const bool tls : {false, true}) {
      const GatewayBounds bounds = Fitted(limit, {.threads = 2, .tls = tls});
      EXPECT_LE(MemoryOf(bounds, limit).bytes(), limit) << limit / kMiB;
    }
  }
}

TEST(GatewayMemory, MostOfALimitMayBeHeld) {
  for (const uint64_t limit : {128 * kMiB, 256 * kMiB, 384 * kMiB}) {
    EXPECT_GE(Fitted(limit).max_buffered_bytes, limit / 4) << limit / kMiB;
    EXPECT_GE(MemoryOf(Fitted(limit), limit).bytes(), limit * 95 / 100) << limit / kMiB;
  }
}

TEST(GatewayMemory, LargeLimitsChangeNothing) {
  const GatewayBounds bounds = Fitted(uint64_t{64} << 30);
  EXPECT_EQ(bounds.max_connections, GatewayBounds().max_connections);
  EXPECT_EQ(bounds.max_buffered_bytes, GatewayBounds().max_buffered_bytes);
  EXPECT_EQ(bounds.max_upstream_bytes, GatewayBounds().max_upstream_bytes);
}

TEST(GatewayMemory, WhatIsSetStaysAndTheRestMakesRoom) {
  const uint64_t limit = 256 * kMiB;
  const GatewayBounds bounds = Fitted(limit, {.max_connections = 5000}, {.max_connections = true});
  EXPECT_EQ(bounds.max_connections, 5000u);
  EXPECT_LT(bounds.max_buffered_bytes, Fitted(limit).max_buffered_bytes);
  EXPECT_LE(MemoryOf(bounds, limit).bytes(), limit);
}

TEST(GatewayMemory, TheLimitsInDeployHoldTheSumAndAreNotPadded) {
  for (const DeployedLimits& limits : AllDeployedLimits("gateway")) {
    const GatewayBounds bounds =
        Fitted(limits.memory_bytes, {.threads = std::max<uint64_t>(1, limits.cpus / 2)});
    EXPECT_LE(MemoryOf(bounds, limits.memory_bytes).bytes(), limits.memory_bytes) << limits.file;
    EXPECT_GE(bounds.max_buffered_bytes, limits.memory_bytes / 4) << limits.file;
  }
}

TEST(GatewayMemory, TheLargestRequestHasRoom) {
  const uint64_t limit = 512 * kMiB;
  const GatewayBounds values = Fitted(limit, {.max_value_bytes = 16 * kMiB});
  EXPECT_GE(values.max_buffered_bytes, 2 * 6 * values.max_value_bytes);
  EXPECT_GE(values.max_upstream_bytes, values.max_value_bytes);
  const GatewayBounds batches = Fitted(limit, {.max_batch_bytes = 16 * kMiB});
  EXPECT_GE(batches.max_buffered_bytes, 2 * 6 * batches.max_batch_bytes);
  const GatewayBounds answers =
      Fitted(limit, {.max_batch_answer_bytes = 32 * kMiB}, {.max_batch_answer_bytes = true});
  EXPECT_EQ(answers.max_batch_answer_bytes, 32 * kMiB);
  EXPECT_GE(answers.max_buffered_bytes, 7 * answers.max_batch_answer_bytes);
}

TEST(GatewayMemory, AnswersOfBatchesFollowTheLimitWhereTheyAreNotSet) {
  const GatewayBounds bounds = Fitted(128 * kMiB);
  EXPECT_LT(bounds.max_batch_answer_bytes, GatewayBounds().max_batch_answer_bytes);
  EXPECT_LE(7 * bounds.max_batch_answer_bytes, bounds.max_buffered_bytes);
}

TEST(GatewayMemory, CountsOneRequestThatIsLargerThanTheBound) {
  const uint64_t limit = 256 * kMiB;
  const MemorySum sum =
      MemoryOf(Fitted(limit, {.max_buffered_bytes = 16 * kMiB, .max_value_bytes = 64 * kMiB},
                      {.max_buffered_bytes = true}),
               limit);
  EXPECT_GT(sum.bytes(), 2 * 6 * 64 * kMiB);
  EXPECT_NE(sum.Text().find("one request that is larger"), std::string::npos) << sum.Text();
}

TEST(GatewayMemory, ItsSumIsDocumented) {
  const uint64_t limit = AllDeployedLimits("gateway").front().memory_bytes;
  EXPECT_NE(ReadSourceFile("docs/limits.md")
                .find("kache-gateway: " + MemoryOf(Fitted(limit), limit).Text() + "\n"),
            std::string::npos)
      << MemoryOf(Fitted(limit), limit).Text();
}

TEST(GatewayMemory, ShowsWhatDoesNotFit) {
  const uint64_t limit = 256 * kMiB;
  EXPECT_GT(
      MemoryOf(Fitted(limit, {.max_buffered_bytes = limit}, {.max_buffered_bytes = true}), limit)
          .bytes(),
      limit);
  EXPECT_GT(MemoryOf(Fitted(16 * kMiB), 16 * kMiB).bytes(), 16 * kMiB);
}

}  // namespace
}  // namespace kache::gateway
