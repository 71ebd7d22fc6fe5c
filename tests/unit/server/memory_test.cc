#include "server/memory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/recovery/copier.h"
#include "tests/testing/deployed_limits.h"

namespace kache {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

ServerBounds Fitted(uint64_t limit, ServerBounds bounds = {}, ServerBoundsSet set = {}) {
  FitBounds(limit, set, &bounds);
  return bounds;
}

TEST(ServerMemory, DefaultsFitEveryLimitThatIsNotTiny) {
  for (uint64_t limit = 288 * kMiB; limit < 8192 * kMiB; limit += 32 * kMiB) {
    EXPECT_LE(MemoryOf(Fitted(limit), limit).bytes(), limit) << limit / kMiB;
  }
}

TEST(ServerMemory, MoreNodesAndShardsShareTheSameMemory) {
  const uint64_t limit = 2048 * kMiB;
  const ServerBounds bounds = Fitted(limit, {.nodes = 8, .shards = 4, .grpc_threads = 4});
  EXPECT_LE(MemoryOf(bounds, limit).bytes(), limit);
  EXPECT_GE(bounds.max_uncounted_queue_bytes, LeastQueueBytes(bounds));
}

TEST(ServerMemory, LargeLimitsChangeNothing) {
  const ServerBounds bounds = Fitted(uint64_t{64} << 30);
  EXPECT_EQ(bounds.max_in_flight_bytes, ServerBounds().max_in_flight_bytes);
  EXPECT_EQ(bounds.max_connection_queue_bytes, ServerBounds().max_connection_queue_bytes);
  EXPECT_EQ(bounds.max_grpc_buffer_bytes, ServerBounds().max_grpc_buffer_bytes);
}

TEST(ServerMemory, WhatIsSetStaysAndTheRestMakesRoom) {
  const uint64_t limit = 512 * kMiB;
  const ServerBounds bounds =
      Fitted(limit, {.max_grpc_buffer_bytes = 128 * kMiB}, {.max_grpc_buffer_bytes = true});
  EXPECT_EQ(bounds.max_grpc_buffer_bytes, 128 * kMiB);
  EXPECT_LT(bounds.max_in_flight_bytes, Fitted(limit).max_in_flight_bytes);
  EXPECT_LE(MemoryOf(bounds, limit).bytes(), limit);
}

TEST(ServerMemory, TheLimitsInDeployHoldTheSumAndAreNotPadded) {
  for (const DeployedLimits& limits : AllDeployedLimits("server")) {
    const uint64_t threads = std::max<uint64_t>(1, limits.cpus / 2);
    const ServerBounds bounds =
        Fitted(limits.memory_bytes, {.nodes = 4, .shards = threads, .grpc_threads = threads});
    EXPECT_LE(MemoryOf(bounds, limits.memory_bytes).bytes(), limits.memory_bytes) << limits.file;
    EXPECT_GE(bounds.max_in_flight_bytes, limits.memory_bytes / 4) << limits.file;
  }
}

TEST(ServerMemory, ItsSumIsDocumented) {
  const uint64_t limit = AllDeployedLimits("server").front().memory_bytes;
  EXPECT_NE(ReadSourceFile("docs/limits.md")
                .find("kache-server: " + MemoryOf(Fitted(limit), limit).Text() + "\n"),
            std::string::npos)
      << MemoryOf(Fitted(limit), limit).Text();
}

TEST(ServerMemory, ShowsWhatDoesNotFit) {
  const uint64_t limit = 512 * kMiB;
  EXPECT_GT(
      MemoryOf(Fitted(limit, {.max_in_flight_bytes = limit}, {.max_in_flight_bytes = true}), limit)
          .bytes(),
      limit);
  EXPECT_GT(MemoryOf(Fitted(64 * kMiB), 64 * kMiB).bytes(), 64 * kMiB);
}

TEST(ServerMemory, CountsOneRequestThatIsLargerThanTheBound) {
  const MemorySum sum =
      MemoryOf({.max_batch_bytes = 48 * kMiB, .max_in_flight_bytes = kMiB}, 512 * kMiB);
  EXPECT_NE(sum.Text().find("one request that is larger 143.0 MiB"), std::string::npos)
      << sum.Text();
}

// A healthy node's queue is never what refuses a write: MAX_IN_FLIGHT_BYTES, which counts a write
// three times until it is answered, does it before anything is done. An eighth of it is for small
// requests alone.
TEST(ServerMemory, AQueueHoldsAllUnansweredWrites) {
  for (uint64_t limit = 384 * kMiB; limit < 4096 * kMiB; limit += 64 * kMiB) {
    const ServerBounds bounds = Fitted(limit);
    EXPECT_GE(bounds.max_connection_queue_bytes,
              bounds.max_in_flight_bytes / 8 * 7 / 3 + bounds.max_uncounted_queue_bytes)
        << limit / kMiB;
  }
}

TEST(ServerMemory, SlowNodesLeaveHalfOfMaxInFlightBytesToRequests) {
  for (const uint64_t shards : {1, 2, 4}) {
    const ServerBounds bounds{.shards = shards};
    EXPECT_EQ(2 * shards * LagBytes(bounds), bounds.max_in_flight_bytes / 2);
  }
}

TEST(ServerMemory, ANodeMayBeBehindByAFewLargeWritesWhateverTheBounds) {
  const ServerBounds bounds{.shards = 64, .max_in_flight_bytes = 8 * kMiB};
  EXPECT_GE(LagBytes(bounds), 4 * bounds.max_value_bytes);
}

TEST(ServerMemory, HoldsWhatACopierHasUnderWay) {
  EXPECT_GE(RecoveryBytes(ServerBounds()), Copier::kBytesAtOnce + Copier::kPortionBytes);
  const ServerBounds large{.max_value_bytes = 64 * kMiB};
  EXPECT_GE(RecoveryBytes(large), 2 * large.max_value_bytes);
}

TEST(ServerMemory, ReadsFewerLargeValuesAtOnce) {
  EXPECT_EQ(KeysPerRead(1), 32u);
  EXPECT_EQ(KeysPerRead(kMiB), 32u);
  EXPECT_EQ(KeysPerRead(2 * kMiB), 16u);
  EXPECT_EQ(KeysPerRead(64 * kMiB), 1u);
}

}  // namespace
}  // namespace kache
