#include "http/held_bytes.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace kache {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kBound = 800 * kKiB;  // an eighth: 100 KiB

TEST(HeldBytes, CountsWhatEachHoldsBeyondItsFirstBytes) {
  HeldBytes held(kBound);
  HeldBytes::Share first(held);
  {
    HeldBytes::Share second(held);
    EXPECT_TRUE(first.TrySet(HeldBytes::kUncountedBytes));
    EXPECT_EQ(held.bytes(), 0u);
    EXPECT_TRUE(first.TrySet(HeldBytes::kUncountedBytes + 10));
    EXPECT_TRUE(second.TrySet(HeldBytes::kUncountedBytes + 100));
    EXPECT_EQ(held.bytes(), 110u);
    first.Set(20);
    EXPECT_EQ(held.bytes(), 100u);
  }
  EXPECT_EQ(held.bytes(), 0u) << "what is gone holds nothing";
}

TEST(HeldBytes, RefusesWhatFindsNoRoomAndKeepsWhatWasHeld) {
  HeldBytes held(kBound);
  HeldBytes::Share first(held);
  HeldBytes::Share second(held);
  EXPECT_TRUE(first.TrySet(500 * kKiB));
  EXPECT_TRUE(second.TrySet(100 * kKiB));
  const uint64_t before = held.bytes();
  EXPECT_FALSE(second.TrySet(300 * kKiB));
  EXPECT_EQ(held.bytes(), before);
  first.Set(0);
  EXPECT_TRUE(second.TrySet(300 * kKiB));
}

TEST(HeldBytes, KeepsAnEighthForThoseWhoAskForLittle) {
  HeldBytes held(kBound);
  HeldBytes::Share large(held);
  HeldBytes::Share other(held);
  EXPECT_TRUE(large.TrySet(700 * kKiB));
  EXPECT_FALSE(other.TrySet(HeldBytes::kSmallBytes + 1));
  EXPECT_FALSE(other.TrySet(10 * kKiB, HeldBytes::kSmallBytes + 1)) << "the first of many bytes";
  EXPECT_TRUE(other.TrySet(HeldBytes::kSmallBytes));
  HeldBytes::Share third(held);
  EXPECT_FALSE(third.TrySet(HeldBytes::kSmallBytes)) << "the eighth is bounded, too";
}

TEST(HeldBytes, HasRoomForWhoeverIsAlone) {
  HeldBytes held(kBound);
  HeldBytes::Share alone(held);
  EXPECT_TRUE(alone.TrySet(kBound / 2));
  EXPECT_TRUE(alone.TrySet(10 * kBound)) << "its own bytes are in nobody's way";
  HeldBytes::Share other(held);
  EXPECT_FALSE(other.TrySet(10 * kKiB));
  EXPECT_TRUE(other.TrySet(HeldBytes::kUncountedBytes));
}

TEST(HeldBytes, IsSetAlsoWithoutRoom) {
  HeldBytes held(kBound);
  HeldBytes::Share first(held);
  HeldBytes::Share second(held);
  first.Set(kBound);
  second.Set(kBound + HeldBytes::kUncountedBytes);
  EXPECT_GT(held.bytes(), kBound);
}

TEST(HeldBytes, StaysExactAcrossThreads) {
  HeldBytes held(kBound);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&held] {
      HeldBytes::Share share(held);
      for (uint64_t n = 0; n < 10'000; ++n) {
        share.TrySet((n * 7919) % (600 * kKiB));
        EXPECT_LE(held.bytes(), 8 * 600 * kKiB);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(held.bytes(), 0u);
}

}  // namespace
}  // namespace kache
